// SPDX-License-Identifier: Apache-2.0
#include "api/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sirocco::api {
namespace {

// Clients choke on -Infinity; vLLM clamps to the same value.
double clamped(float logprob) {
  return std::max(static_cast<double>(logprob), -9999.0);
}

Json bytes_json(const std::string& bytes) {
  Json list = Json::array();
  for (const char c : bytes) list.push_back(static_cast<unsigned char>(c));
  return list;
}

Json chat_entry(const Engine& engine, const TokenLogprob& token, bool as_id) {
  return {{"token", token_name(engine, token.token, as_id)},
          {"logprob", clamped(token.logprob)},
          {"bytes", bytes_json(engine.token_bytes(token.token))}};
}

}  // namespace

ApiResult<std::string> read_model(Call& call, Fields& fields) {
  const std::string ours = call.service().model_name();
  const std::string* wanted = fields.string("model");
  if (!wanted || wanted->empty()) return ours;
  if (call.service().options().strict_model && *wanted != ours) {
    ApiError error =
        ApiError::not_found(fmt::format("The model `{}` does not exist; this is `{}`", *wanted, ours));
    error.param = "model";
    return fail_api(std::move(error));
  }
  return *wanted;
}

Json usage_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

Json timings_json(const Reply& reply, size_t choice) {
  const Timings t = reply.timings_of(choice);
  return {{"cache_n", reply.usage_of(choice).cached_tokens},
          {"prompt_n", t.prompt_tokens},
          {"prompt_ms", t.prompt_ms},
          {"prompt_per_token_ms", prompt_speed(t).ms_per_token},
          {"prompt_per_second", prompt_speed(t).tokens_per_second},
          {"predicted_n", t.predicted_tokens},
          {"predicted_ms", t.predicted_ms},
          {"predicted_per_token_ms", predicted_speed(t).ms_per_token},
          {"predicted_per_second", predicted_speed(t).tokens_per_second}};
}

Json timings_json(const Reply& reply) {
  const auto ended = std::ranges::find_if(reply.choices, [](const ChoiceReply& c) { return c.finish.has_value(); });
  const bool none = ended == reply.choices.end();
  return timings_json(reply, none ? 0 : static_cast<size_t>(ended - reply.choices.begin()));
}

void add_counts(Json& chunk, const StreamFlags& flags, const Reply& so_far, size_t choice) {
  if (flags.continuous_usage) {
    chunk["usage"] = usage_json(so_far.usage_of(choice));
    if (!so_far.choices[choice].finish) chunk["usage"].erase("completion_tokens_details");
  }
  if (flags.timings_per_token) chunk["timings"] = timings_json(so_far, choice);
}

Json progress_json(const PromptProgress& progress) {
  return {{"total", progress.total_tokens},
          {"cache", progress.cached_tokens},
          {"processed", progress.done_tokens},
          {"time_ms", static_cast<int64_t>(progress.elapsed_ms)}};
}

const char* openai_finish(FinishReason reason) {
  return reason == FinishReason::timeout ? "length" : finish_reason_name(reason);
}

Json stop_reason_json(const Finish& finish) {
  if (!finish.stop_string.empty()) return finish.stop_string;
  if (finish.reason == FinishReason::timeout) return "timeout";
  if (finish.stop_token >= 0) return finish.stop_token;
  return nullptr;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string token_name(const Engine& engine, int32_t token, bool as_id) {
  return as_id ? fmt::format("token_id:{}", token) : engine.token_bytes(token);
}

Json chat_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions, bool as_ids) {
  Json content = Json::array();
  for (const PositionLogprobs& position : positions) {
    Json entry = chat_entry(engine, position.chosen, as_ids);
    entry["top_logprobs"] = Json::array();
    for (const TokenLogprob& token : position.top)
      entry["top_logprobs"].push_back(chat_entry(engine, token, as_ids));
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}};
}

Json completion_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions,
                         size_t& text_offset, bool as_ids) {
  Json out = {{"tokens", Json::array()},
              {"token_logprobs", Json::array()},
              {"top_logprobs", Json::array()},
              {"text_offset", Json::array()}};
  for (const PositionLogprobs& position : positions) {
    out["tokens"].push_back(token_name(engine, position.chosen.token, as_ids));
    out["token_logprobs"].push_back(clamped(position.chosen.logprob));
    out["text_offset"].push_back(text_offset);
    Json top = Json::object();  // the chosen one is among them, likely or not
    for (const TokenLogprob& token : position.top)
      top.emplace(token_name(engine, token.token, as_ids), clamped(token.logprob));
    top[token_name(engine, position.chosen.token, as_ids)] = clamped(position.chosen.logprob);
    out["top_logprobs"].push_back(std::move(top));
    const bool shows = !engine.detokenize({&position.chosen.token, 1}, false).empty();  // control tokens do not
    if (shows) text_offset += characters(engine.token_bytes(position.chosen.token));
  }
  return out;
}

Json native_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions, bool as_ids) {
  Json list = Json::array();
  const auto entry = [&](const TokenLogprob& token) {
    Json item = chat_entry(engine, token, as_ids);
    item["id"] = token.token;
    return item;
  };
  for (const PositionLogprobs& position : positions) {
    Json item = entry(position.chosen);
    item["top_logprobs"] = Json::array();
    for (const TokenLogprob& token : position.top) item["top_logprobs"].push_back(entry(token));
    list.push_back(std::move(item));
  }
  return list;
}

Json prompt_logprobs_json(const Engine& engine, const std::vector<PositionLogprobs>& positions) {
  Json list = Json::array({nullptr});
  for (const PositionLogprobs& position : positions) {
    Json item = Json::object();
    int rank = 1;
    for (const TokenLogprob& token : position.top) {
      item[std::to_string(token.token)] = {{"logprob", clamped(token.logprob)},
                                           {"rank", rank++},
                                           {"decoded_token", engine.token_bytes(token.token)}};
    }
    Json& chosen = item[std::to_string(position.chosen.token)];
    if (chosen.is_null()) {
      chosen = {{"logprob", clamped(position.chosen.logprob)},
                {"rank", position.chosen_rank},
                {"decoded_token", engine.token_bytes(position.chosen.token)}};
    }
    list.push_back(std::move(item));
  }
  return list;
}

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace sirocco::api
