// SPDX-License-Identifier: Apache-2.0
#include "api/chat_writer.h"

namespace sirocco::api {

std::string system_fingerprint() {
  return std::string("sirocco-") + version();
}

Json tool_call_json(const ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

ChatWriter::ChatWriter(std::shared_ptr<Engine> engine, AnswerFacts facts, Options options)
    : facts_(std::move(facts)), options_(std::move(options)), engine_(std::move(engine)) {}

Json ChatWriter::chunk(Json choices) const {
  return {
      {"id", facts_.id},       {"object", "chat.completion.chunk"},          {"created", facts_.created_s},
      {"model", facts_.model}, {"system_fingerprint", system_fingerprint()}, {"choices", std::move(choices)}};
}

Json ChatWriter::choice_chunk(int index, Json delta) const {
  return chunk(Json::array(
      {{{"index", index}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", nullptr}}}));
}

std::string ChatWriter::opening(int index, const Reply& so_far) {
  const auto i = static_cast<size_t>(index);
  if (opened_.size() <= i) opened_.resize(i + 1);
  if (opened_[i]) return {};
  opened_[i] = true;
  Json first = choice_chunk(index, {{"role", "assistant"}, {"content", ""}});
  if (options_.flags.return_token_ids && index == 0) first["prompt_token_ids"] = options_.prompt_ids;
  if (options_.flags.continuous_usage) {
    Usage usage = so_far.usage_of(i);
    usage.completion_tokens = usage.reasoning_tokens = 0;  // they come with the chunks behind this one
    first["usage"] = usage_json(usage);
  }
  return sse(first);
}

std::string ChatWriter::on_event(const Event& event, const Reply& so_far) {
  if (const auto* progress = std::get_if<PromptProgress>(&event.what)) {
    if (!options_.flags.return_progress) return {};
    Json out = choice_chunk(event.choice, Json::object());
    out["prompt_progress"] = progress_json(*progress);
    add_counts(out, options_.flags, so_far, static_cast<size_t>(event.choice));
    return opening(event.choice, so_far) + sse(out);
  }
  if (const auto* finish = std::get_if<Finish>(&event.what)) {
    return opening(event.choice, so_far) + on_finish(event.choice, *finish, so_far);
  }
  return opening(event.choice, so_far) + on_delta(event.choice, std::get<Delta>(event.what), so_far);
}

Json ChatWriter::delta_json(int index, const Delta& delta, const Reply& so_far) {
  Json out = Json::object();
  if (!delta.reasoning.empty() && options_.include_reasoning) {
    out["reasoning_content"] = delta.reasoning;
    out["reasoning"] = delta.reasoning;
  }
  if (!delta.content.empty()) out["content"] = delta.content;
  for (const ToolCallDelta& call : delta.tool_calls) {
    Json item = {{"index", call.index}};
    if (!call.name.empty()) {
      item["id"] = so_far.choices[static_cast<size_t>(index)].tool_calls[static_cast<size_t>(call.index)].id;
      item["type"] = "function";
      item["function"]["name"] = call.name;
    }
    item["function"]["arguments"] = call.arguments;
    out["tool_calls"].push_back(std::move(item));
  }
  return out;
}

std::string ChatWriter::on_delta(int index, const Delta& delta, const Reply& so_far) {
  Json out = delta_json(index, delta, so_far);
  const bool token_ids = options_.flags.return_token_ids && !delta.tokens.empty();
  if (out.empty() && delta.logprobs.empty() && !token_ids) return {};
  Json event = choice_chunk(index, std::move(out));
  if (options_.logprobs)
    event["choices"][0]["logprobs"] = chat_logprobs(*engine_, delta.logprobs, options_.flags.tokens_as_ids);
  if (token_ids) event["choices"][0]["token_ids"] = delta.tokens;
  add_counts(event, options_.flags, so_far, static_cast<size_t>(index));
  return sse(event);
}

std::string ChatWriter::on_finish(int index, const Finish& finish, const Reply& so_far) {
  Json event = choice_chunk(index, Json::object());
  event["choices"][0]["finish_reason"] = openai_finish(finish.reason);
  event["choices"][0]["stop_reason"] = stop_reason_json(finish);
  if (so_far.finished()) event["timings"] = timings_json(so_far);
  add_counts(event, options_.flags, so_far, static_cast<size_t>(index));
  complete_last_chunk(index, so_far, event);
  return sse(event);
}

std::string ChatWriter::usage_chunk(const Reply& reply) const {
  if (!options_.flags.include_usage) return {};
  Json last = chunk(Json::array());
  last["usage"] = usage_json(reply.usage(facts_.per_prompt));
  return sse(last);
}

std::string ChatWriter::close(const Reply& reply) {
  return usage_chunk(reply) + "data: [DONE]\n\n";
}

std::string ChatWriter::error(const ApiError& error) {
  return sse(error_json(error, Dialect::openai)) + "data: [DONE]\n\n";
}

Json ChatWriter::message(const ChoiceReply& choice) const {
  Json out = {{"role", "assistant"}, {"content", choice.content}, {"refusal", nullptr}};
  if (choice.content.empty() && !choice.tool_calls.empty()) out["content"] = nullptr;
  if (!choice.reasoning.empty() && options_.include_reasoning) {
    out["reasoning_content"] = choice.reasoning;
    out["reasoning"] = choice.reasoning;
  }
  for (const ToolCall& call : choice.tool_calls) out["tool_calls"].push_back(tool_call_json(call));
  return out;
}

Json ChatWriter::whole(const Reply& reply) {
  Json choices = Json::array();
  for (size_t i = 0; i < reply.choices.size(); ++i) {
    const ChoiceReply& choice = reply.choices[i];
    Json item = {{"index", i},
                 {"message", message(choice)},
                 {"logprobs", nullptr},
                 {"finish_reason", openai_finish(choice.finish->reason)},
                 {"stop_reason", stop_reason_json(*choice.finish)}};
    if (options_.logprobs)
      item["logprobs"] = chat_logprobs(*engine_, choice.logprobs, options_.flags.tokens_as_ids);
    if (options_.flags.return_token_ids) item["token_ids"] = choice.tokens;
    choices.push_back(std::move(item));
  }
  Json out = chunk(std::move(choices));
  out["object"] = "chat.completion";
  out["usage"] = usage_json(reply.usage(facts_.per_prompt));
  out["timings"] = timings_json(reply);
  if (options_.flags.return_token_ids) out["prompt_token_ids"] = options_.prompt_ids;
  if (!reply.choices[0].prompt_logprobs.empty()) {
    out["prompt_logprobs"] = prompt_logprobs_json(*engine_, reply.choices[0].prompt_logprobs);
  }
  return out;
}

}  // namespace sirocco::api
