// SPDX-License-Identifier: Apache-2.0
#include "api/chat.h"

#include <algorithm>
#include <limits>

#include "api/chat_answer.h"
#include "api/chat_constraint.h"
#include "api/chat_writer.h"
#include "api/generation.h"
#include "api/mistral_writer.h"
#include "api/parts.h"
#include "api/prompts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

void ban(const Engine& engine, std::string_view marker, GenerateRequest& request) {
  const std::vector<int32_t> ids = engine.tokenize(marker, {.parse_special = true});
  if (ids.size() != 1) return;
  request.sampling.logit_bias.emplace_back(ids[0], -std::numeric_limits<float>::infinity());
}

// The template knows reasoning_effort alone: the other spellings become that one.
std::string with_effort(const Json& body, std::string_view text, bool thinks) {
  const auto given = body.find("reasoning_effort");
  const bool said = given != body.end() && given->is_string();
  if (!text.empty() && (said || !thinks)) return std::string(text);
  Json copy = body;
  if (!said && thinks) copy["reasoning_effort"] = "high";
  return to_text(copy);
}

// Fields that are read elsewhere on the way, or that mean nothing here.
void read_known(Fields& fields) {
  fields.ignore({"messages",
                 "user",
                 "store",
                 "metadata",
                 "service_tier",
                 "safety_identifier",
                 "prompt_cache_key",
                 "include_reasoning",
                 "n",
                 "modalities",
                 "verbosity",
                 "prediction",
                 "stream_options",
                 "reasoning_format",
                 "skip_special_tokens",
                 "spaces_between_special_tokens",
                 "add_generation_prompt",
                 "continue_final_message",
                 "add_special_tokens",
                 "n_keep"});
}

}  // namespace

ApiResult<PreparedRequest> constrain(const Engine& engine, bool have_grammars, Constraint constraint,
                                     GenerateRequest request) {
  PreparedRequest out{.request = std::move(request)};
  const bool calls = !constraint.tools.empty() && constraint.tool_choice != ToolChoice::none;
  const bool shaped = constraint.form != FormKind::any;
  if (constraint.chat && !calls && !shaped) {  // two banned markers say it all, for nothing
    ban(engine, "[TOOL_CALLS]", out.request);
    if (!constraint.thinking && !out.request.inside_thinking) ban(engine, "[THINK]", out.request);
    return out;
  }
  if (!constraint.chat && !shaped) return out;
  if (!have_grammars) {
    if (!shaped && constraint.tool_choice == ToolChoice::automatic) return out;
    return fail_api(ApiError::bad_request(
        "this build has no structured output: response_format, grammars and forced tool "
        "calls need XGrammar (see docs/serving.md)"));
  }
  constraint.inside_thinking = out.request.inside_thinking;
  out.constraint = std::move(constraint);
  return out;
}

ApiResult<PreparedRequest> prepare_chat(const Engine& engine, bool have_grammars, const Json& body,
                                        std::string_view text, Fields& fields) {
  auto constraint = read_chat_constraint(fields);
  if (!constraint) return fail_api(constraint.error());
  if (!fields.array("messages")) {
    return fail_api(fields.error() ? *fields.error()
                                   : ApiError::bad_request("messages: missing", "messages"));
  }
  std::vector<std::string> ignored;
  auto request =
      engine.chat_request(with_effort(body, text, constraint->thinking), ChatRules::lenient, &ignored);
  if (!request) return fail_api(ApiError::from(request.error()));
  if (auto error = truncate_prompt(engine, fields, *request)) return fail_api(*error);
  auto prepared = constrain(engine, have_grammars, *std::move(constraint), *std::move(request));
  if (!prepared) return prepared;
  read_known(fields);
  prepared->ignored = fields.unread_of(std::move(ignored));
  return prepared;
}

ApiResult<PreparedRequest> prepare_chat(Call& call, const Json& body, std::string_view text, Fields& fields) {
  auto prepared = prepare_chat(call.engine(), call.service().constraints() != nullptr, body, text, fields);
  if (prepared) call.note_ignored(prepared->ignored);
  return prepared;
}

void post_chat(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  ChatWriter::Options options{.flags = read_stream_flags(fields)};
  options.include_reasoning = fields.boolean("include_reasoning").value_or(true);
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  auto prepared = prepare_chat(*call, *body, call->request().body, fields);
  if (!prepared) return call->fail(prepared.error());
  if (fields.error()) return call->fail(*fields.error());
  const bool mistral = is_mistral_client(call->request().header("user-agent"));
  answer_chat(call, *std::move(prepared), std::move(options), {"chatcmpl-" + random_id(24), *model, mistral});
}

}  // namespace sirocco::api
