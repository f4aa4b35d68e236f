// SPDX-License-Identifier: Apache-2.0
#include "api/completions.h"

#include "api/chat.h"
#include "api/chat_form.h"
#include "api/chat_writer.h"
#include "api/parts.h"
#include "api/prompts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

// Answers of /v1/completions.
class CompletionWriter final : public ReplyWriter {
 public:
  struct Options {
    StreamFlags flags = {};
    int logprobs = -1;
    std::vector<std::string> echo = {};                 // [prompt] text in front of its answers, if asked for
    std::vector<std::vector<int32_t>> prompt_ids = {};  // [prompt] if asked for
  };
  CompletionWriter(std::shared_ptr<Engine> engine, AnswerFacts facts, Options options)
      : engine_(std::move(engine)), facts_(std::move(facts)), options_(std::move(options)) {}

  std::string on_event(const Event& event, const Reply& so_far) override {
    const auto index = static_cast<size_t>(event.choice);
    if (const auto* progress = std::get_if<PromptProgress>(&event.what)) {
      if (!options_.flags.return_progress) return {};
      Json out = chunk(Json::array({choice(index, "")}));
      out["prompt_progress"] = progress_json(*progress);
      return sse(out);
    }
    if (const auto* finish = std::get_if<Finish>(&event.what)) {
      Json item = choice(index, echo_once(index));
      item["finish_reason"] = openai_finish(finish->reason);
      item["stop_reason"] = stop_reason_json(*finish);
      Json out = chunk(Json::array({std::move(item)}));
      if (so_far.finished()) out["timings"] = timings_json(so_far);
      return sse(out);
    }
    const Delta& delta = std::get<Delta>(event.what);
    Json item = choice(index, echo_once(index) + delta.content);
    if (options_.logprobs >= 0) {
      const size_t offset = so_far.choices[index].content.size() - delta.content.size();
      item["logprobs"] = completion_logprobs(*engine_, delta.logprobs, offset);
    }
    if (options_.flags.return_token_ids) item["token_ids"] = delta.tokens;
    Json out = chunk(Json::array({std::move(item)}));
    if (options_.flags.continuous_usage) out["usage"] = usage_json(so_far.usage(facts_.per_prompt));
    return sse(out);
  }

  std::string close(const Reply& reply) override {
    std::string out;
    if (options_.flags.include_usage) {
      Json last = chunk(Json::array());
      last["usage"] = usage_json(reply.usage(facts_.per_prompt));
      out = sse(last);
    }
    return out + "data: [DONE]\n\n";
  }

  std::string error(const ApiError& error) override {
    return sse(error_json(error, Dialect::openai)) + "data: [DONE]\n\n";
  }

  Json whole(const Reply& reply) override {
    Json choices = Json::array();
    for (size_t i = 0; i < reply.choices.size(); ++i) {
      const ChoiceReply& answer = reply.choices[i];
      const std::string echo = echo_once(i);
      Json item = choice(i, echo + answer.content);
      item["finish_reason"] = openai_finish(answer.finish->reason);
      item["stop_reason"] = stop_reason_json(*answer.finish);
      if (options_.logprobs >= 0)
        item["logprobs"] = completion_logprobs(*engine_, answer.logprobs, echo.size());
      if (options_.flags.return_token_ids) {
        item["token_ids"] = answer.tokens;
        item["prompt_token_ids"] = options_.prompt_ids[i / facts_.per_prompt];
      }
      if (!answer.prompt_logprobs.empty()) {
        item["prompt_logprobs"] = prompt_logprobs_json(*engine_, answer.prompt_logprobs);
      }
      choices.push_back(std::move(item));
    }
    Json out = chunk(std::move(choices));
    out["usage"] = usage_json(reply.usage(facts_.per_prompt));
    out["timings"] = timings_json(reply);
    return out;
  }

 private:
  Json chunk(Json choices) const {
    return {{"id", facts_.id},
            {"object", "text_completion"},
            {"created", facts_.created_s},
            {"model", facts_.model},
            {"system_fingerprint", system_fingerprint()},
            {"choices", std::move(choices)}};
  }
  static Json choice(size_t index, std::string text) {
    return {{"index", index}, {"text", std::move(text)}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  }
  std::string echo_once(size_t index) {
    if (options_.echo.empty()) return {};
    if (echoed_.size() <= index) echoed_.resize(index + 1);
    if (echoed_[index]) return {};
    echoed_[index] = true;
    return options_.echo[index / facts_.per_prompt];
  }

  const std::shared_ptr<Engine> engine_;
  const AnswerFacts facts_;
  const Options options_;
  std::vector<bool> echoed_;  // [choice]
};

}  // namespace

ApiResult<GenerateRequest> prepare_text(Call& call, Fields& fields, int64_t default_tokens) {
  GenerateRequest request;
  request.format = ReplyFormat::text;
  request.max_tokens = default_tokens;
  std::vector<std::string> ignored;
  if (auto read = call.engine().read_fields(call.request().body, request, &ignored); !read) {
    return fail_api(ApiError::from(read.error()));
  }
  if (request.choices < 1 || request.choices > 128) {
    return fail_api(ApiError::bad_request("n: expected 1 to 128", "n"));
  }
  if (const auto skip = fields.boolean("skip_special_tokens"); skip && !*skip) request.keep_special = true;
  auto form = read_text_form(fields);
  if (!form) return fail_api(form.error());
  if (auto error = constrain(call, *form, request)) return fail_api(*error);
  fields.ignore({"user", "best_of", "suffix", "echo", "n", "samplers", "n_keep",
                 "spaces_between_special_tokens", "reasoning_format", "response_fields"});
  const std::vector<std::string> unread = fields.unread();
  std::erase_if(ignored, [&](const std::string& name) {
    return std::find(unread.begin(), unread.end(), name) == unread.end();
  });
  call.note_ignored(ignored);
  return request;
}

void post_completions(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  CompletionWriter::Options options{.flags = read_stream_flags(fields)};
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  PromptRules rules;
  rules.add_begin = fields.boolean("add_special_tokens").value_or(true);
  const bool echo = fields.flag("echo");
  if (!fields.text("suffix").empty()) {
    return call->fail(ApiError::bad_request("suffix: not taken here; /infill is for that", "suffix"));
  }
  const Json* prompt = fields.any("prompt");
  if (!prompt) return call->fail(ApiError::bad_request("prompt: missing", "prompt"));
  auto prompts = read_prompts(call->engine(), *prompt, rules);
  if (!prompts) return call->fail(prompts.error());
  auto request = prepare_text(*call, fields, 16);
  if (!request) return call->fail(request.error());
  if (fields.error()) return call->fail(*fields.error());

  options.logprobs = request->logprobs;
  if (options.flags.return_token_ids) options.prompt_ids = *prompts;
  GenerationPlan plan{.stream = options.flags.stream,
                      .wanted_slot = options.flags.slot,
                      .ping_interval = options.flags.ping_interval};
  for (std::vector<int32_t>& ids : *prompts) {
    if (echo) options.echo.push_back(call->engine().detokenize(ids, request->keep_special));
    plan.requests.push_back(*request);
    plan.requests.back().prompt = std::move(ids);
  }
  AnswerFacts facts{.id = "cmpl-" + random_id(24),
                    .model = *model,
                    .created_s = now_s(),
                    .per_prompt = static_cast<size_t>(request->choices)};
  plan.writer =
      std::make_unique<CompletionWriter>(call->service().engine(), std::move(facts), std::move(options));
  run_generation(call, std::move(plan));
}

}  // namespace sirocco::api
