// SPDX-License-Identifier: Apache-2.0
// OpenAI's /v1/responses: create, read, list input items, delete, count.
#include "api/chat.h"
#include "api/item_references.h"
#include "api/parts.h"
#include "api/responses_request.h"
#include "api/responses_writer.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

ApiError no_such_response(const std::string& id) {
  return ApiError::not_found("Response with id '" + id +
                             "' not found: it never was, was deleted or has expired.");
}

ApiResult<Json> read_body(Call& call) {
  auto body = parse_body(call.request().body);
  if (!body) return body;
  if (auto error = resolve_references(call.service().stored(), *body)) return fail_api(*error);
  return body;
}

ApiResult<Json> earlier_messages(Service& service, const std::string& id) {
  if (id.empty()) return Json::array();
  const auto stored = service.stored().get(id);
  if (!stored) {
    ApiError error = no_such_response(id);
    error.param = "previous_response_id";
    return fail_api(std::move(error));
  }
  return Json::parse(stored->messages);  // our own text
}

// Fields of the request that every response object repeats, with what holds where they are absent.
Json echo_of(Fields& fields, const std::string& previous, const SamplingOptions& sampling) {
  const auto or_default = [&](const char* name, Json value) {
    const Json* given = fields.any(name);
    return given ? *given : std::move(value);
  };
  Json echo = {{"instructions", or_default("instructions", nullptr)},
               {"max_output_tokens", or_default("max_output_tokens", nullptr)},
               {"parallel_tool_calls", or_default("parallel_tool_calls", true)},
               {"previous_response_id", previous.empty() ? Json(nullptr) : Json(previous)},
               {"reasoning", or_default("reasoning", {{"effort", nullptr}, {"summary", nullptr}})},
               {"temperature", or_default("temperature", sampling.temperature)},
               {"text", or_default("text", {{"format", {{"type", "text"}}}})},
               {"tool_choice", or_default("tool_choice", "auto")},
               {"tools", or_default("tools", Json::array())},
               {"top_logprobs", or_default("top_logprobs", 0)},
               {"top_p", or_default("top_p", sampling.top_p)},
               {"truncation", or_default("truncation", "disabled")},
               {"metadata", or_default("metadata", Json::object())}};
  return echo;
}

struct Prepared {
  ResponsesInput input;
  PreparedRequest answer;
  std::string previous;
};

ApiResult<Prepared> prepare_response(Call& call, Fields& fields) {
  Prepared out;
  out.previous = fields.text("previous_response_id");
  auto earlier = earlier_messages(call.service(), out.previous);
  if (!earlier) return fail_api(earlier.error());
  auto input = chat_of_responses(fields, *std::move(earlier));
  if (!input) return fail_api(input.error());
  out.input = *std::move(input);
  const std::vector<std::string> ignored = fields.unread();
  Fields chat_fields(out.input.chat);
  auto answer = prepare_chat(call, out.input.chat, {}, chat_fields);
  if (!answer) return fail_api(answer.error());
  out.answer = *std::move(answer);
  out.answer.request.choices = 1;
  call.note_ignored(ignored);
  call.note_ignored(out.input.ignored.names());
  return out;
}

}  // namespace

void post_responses(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = read_body(*call);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const StreamFlags flags = read_stream_flags(fields);
  const bool store = fields.boolean("store").value_or(true);
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  auto prepared = prepare_response(*call, fields);
  if (!prepared) return call->fail(prepared.error());
  ResponsesWriter::Options options{
      .echo = echo_of(fields, prepared->previous, prepared->answer.request.sampling),
      .store = store,
      .messages = std::move(prepared->input.messages),
      .items = std::move(prepared->input.items),
      .functions = std::move(prepared->input.functions),
      .logprobs = prepared->answer.request.logprobs >= 0};
  AnswerFacts facts{.id = "resp_" + random_id(32), .model = *model, .created_s = now_s()};
  GenerationPlan plan = plan_of(std::move(prepared->answer.constraint), flags);
  plan.writer = std::make_unique<ResponsesWriter>(call->service(), std::move(facts), std::move(options));
  plan.requests.push_back(std::move(prepared->answer.request));
  run_generation(call, std::move(plan));
}

void post_count_response(const CallPtr& call) {
  auto body = read_body(*call);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  auto prepared = prepare_response(*call, fields);
  if (!prepared) return call->fail(prepared.error());
  call->respond(
      {{"object", "response.input_tokens"}, {"input_tokens", prepared->answer.request.prompt.size()}});
}

void get_response(const CallPtr& call) {
  auto stored = call->service().stored().get(call->parameter());
  if (!stored) return call->fail(no_such_response(call->parameter()));
  http::Response response;
  response.body = std::move(stored->body);
  call->respond(std::move(response));
}

void get_response_items(const CallPtr& call) {
  const auto stored = call->service().stored().get(call->parameter());
  if (!stored) return call->fail(no_such_response(call->parameter()));
  Json items = Json::parse(stored->input);
  Json first = items.empty() ? Json(nullptr) : items.front()["id"];
  Json last = items.empty() ? Json(nullptr) : items.back()["id"];
  call->respond({{"object", "list"},
                 {"data", std::move(items)},
                 {"first_id", std::move(first)},
                 {"last_id", std::move(last)},
                 {"has_more", false}});
}

void delete_response(const CallPtr& call) {
  if (!call->service().stored().erase(call->parameter()))
    return call->fail(no_such_response(call->parameter()));
  call->respond({{"id", call->parameter()}, {"object", "response"}, {"deleted", true}});
}

void post_response_cancel(const CallPtr& call) {
  if (!call->service().stored().get(call->parameter()))
    return call->fail(no_such_response(call->parameter()));
  call->fail(ApiError::bad_request("only background responses can be cancelled, and this server makes none"));
}

}  // namespace sirocco::api
