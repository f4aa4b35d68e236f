// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <fmt/format.h>

namespace sirocco {

void Answer::add(const Delta& delta) {
  text += delta.content;
  reasoning += delta.reasoning;
  tokens.insert(tokens.end(), delta.tokens.begin(), delta.tokens.end());
  for (const ToolCallDelta& call : delta.tool_calls) {
    if (tool_calls.empty() || tool_calls.back().index != call.index)
      tool_calls.push_back({call.index, {}, {}});
    tool_calls.back().name += call.name;
    tool_calls.back().arguments += call.arguments;
  }
}

nlohmann::ordered_json timings_json(const Finish& finish) {
  const Timings& t = finish.timings;
  return {{"cache_n", finish.usage.cached_tokens},
          {"prompt_n", t.prompt_tokens},
          {"prompt_ms", t.prompt_ms},
          {"prompt_per_token_ms", prompt_speed(t).ms_per_token},
          {"prompt_per_second", prompt_speed(t).tokens_per_second},
          {"predicted_n", t.predicted_tokens},
          {"predicted_ms", t.predicted_ms},
          {"predicted_per_token_ms", predicted_speed(t).ms_per_token},
          {"predicted_per_second", predicted_speed(t).tokens_per_second},
          {"queue_ms", t.queue_ms},
          {"prompt_bytes", t.prompt_bytes},
          {"predicted_bytes", t.predicted_bytes}};
}

nlohmann::ordered_json answer_json(const Answer& answer) {
  auto calls = nlohmann::ordered_json::array();
  for (const ToolCallDelta& call : answer.tool_calls)
    calls.push_back({{"id", fmt::format("call{:05}", call.index)},
                     {"type", "function"},
                     {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  const Usage& u = answer.finish.usage;
  nlohmann::ordered_json json = {
      {"text", answer.text},
      {"reasoning", answer.reasoning},
      {"tool_calls", calls},
      {"tokens", answer.tokens},
      {"finish_reason", finish_reason_name(answer.finish.reason)},
      {"usage",
       {{"prompt_tokens", u.prompt_tokens},
        {"completion_tokens", u.completion_tokens},
        {"total_tokens", u.prompt_tokens + u.completion_tokens},
        {"prompt_tokens_details", {{"cached_tokens", u.cached_tokens}}},
        {"completion_tokens_details", {{"reasoning_tokens", u.reasoning_tokens}}}}},
      {"timings", timings_json(answer.finish)},
      {"logits_hash", fmt::format("{:016x}", answer.finish.logits_hash)}};
  if (!answer.finish.error.empty()) json["error"] = answer.finish.error;
  return json;
}

std::string footer(const Finish& finish) {
  const Timings& t = finish.timings;
  const double total_ms = t.prompt_ms + t.predicted_ms;
  const double bytes = static_cast<double>(t.prompt_bytes + t.predicted_bytes);
  return fmt::format(
      "{} prompt tokens at {:.1f} tok/s{}, {} answer tokens at {:.1f} tok/s, {:.2f} GB/s, logits {:016x}",
      t.prompt_tokens, prompt_speed(t).tokens_per_second,
      finish.usage.cached_tokens > 0 ? fmt::format(" ({} cached)", finish.usage.cached_tokens) : "",
      t.predicted_tokens, predicted_speed(t).tokens_per_second,
      total_ms > 0.0 ? bytes / total_ms / 1e6 : 0.0, finish.logits_hash);
}

}  // namespace sirocco
