// SPDX-License-Identifier: Apache-2.0
#include "engine/request_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

namespace sirocco {
namespace {

using Kind = PythonJson::Kind;

// Each is looked for in every token of the vocabulary, and those of several tokens at every place of the history.
constexpr size_t kMostBreakers = 64, kMostBreakerBytes = 1024;

// Read by someone else on the way from the client to here.
const std::set<std::string, std::less<>> kReadElsewhere = {"messages",
                                                           "tools",
                                                           "tool_choice",
                                                           "parallel_tool_calls",
                                                           "reasoning_effort",
                                                           "response_format",
                                                           "model",
                                                           "stream",
                                                           "stream_options",
                                                           "prompt",
                                                           "suffix",
                                                           "continue_final_message",
                                                           "add_generation_prompt",
                                                           "user",
                                                           "chat_template_kwargs",
                                                           "structured_outputs",
                                                           "grammar",
                                                           "json_schema",
                                                           "guided_json",
                                                           "store",
                                                           "metadata"};

class FieldReader {
 public:
  FieldReader(const PythonJson& json, const Tokenizer& tokenizer, GenerateRequest& request)
      : json_(json), tokenizer_(tokenizer), request_(request) {}

  Result<void> read(std::vector<std::string>* ignored) {
    if (!json_.is_object()) return bad_input("request: expected an object");
    read_samplers();
    read_limits();
    read_stops();
    read_bad_words();
    read_bias();
    read_breakers();
    read_log_probabilities();
    read_rest();
    if (!error_.empty()) return bad_input(error_);
    if (ignored != nullptr)
      for (const std::string& key : json_.keys)
        if (!seen_.contains(key) && !kReadElsewhere.contains(key)) ignored->push_back(key);
    return {};
  }

 private:
  void wrong(std::string_view field, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("{}: expected {}", field, expected);
  }
  const PythonJson* given(const char* key) {
    seen_.insert(key);
    const PythonJson* value = json_.find(key);
    return value != nullptr && !value->is_null() ? value : nullptr;
  }
  bool number(const char* key, double& out) {
    const PythonJson* value = given(key);
    if (value == nullptr) return false;
    if (!value->is_number() || !std::isfinite(value->as_double())) return wrong(key, "a number"), false;
    out = value->as_double();
    return true;
  }
  // Clients write 5.0 for 5; what does not fit 53 bits is an exact integer or nothing.
  bool integer(const char* key, int64_t& out) {
    const PythonJson* value = given(key);
    if (value == nullptr) return false;
    if (const auto exact = value->as_int64()) return out = *exact, true;
    const double real = value->is_number() ? value->as_double() : std::nan("");
    if (!(std::abs(real) <= 0x1.0p53) || real != std::floor(real)) return wrong(key, "an integer"), false;
    return out = static_cast<int64_t>(real), true;
  }
  bool integer(const char* key, int& out) {
    int64_t wide = 0;
    if (!integer(key, wide)) return false;
    constexpr int64_t kMost = std::numeric_limits<int>::max();
    return out = static_cast<int>(std::clamp(wide, -kMost, kMost)), true;
  }
  bool flag(const char* key, bool& out) {
    const PythonJson* value = given(key);
    if (value == nullptr) return false;
    if (!value->is(Kind::boolean)) return wrong(key, "true or false"), false;
    return out = value->boolean, true;
  }
  void text(const char* key, std::string& out) {
    const PythonJson* value = given(key);
    if (value == nullptr) return;
    if (!value->is_string()) return wrong(key, "a string");
    out = value->text;
  }

  void read_samplers() {
    SamplingOptions& s = request_.sampling;
    number("temperature", s.temperature);
    if (number("top_p", s.top_p) && s.top_p == 0.0) s.top_p = 1e-9;  // the first token alone
    if (integer("top_k", s.top_k) && s.top_k == -1) s.top_k = 0;     // vLLM's "off"
    number("min_p", s.min_p);
    number("typical_p", s.typical_p);
    if (number("top_n_sigma", s.top_n_sigma) && s.top_n_sigma < 0.0) s.top_n_sigma = 0.0;
    number("xtc_probability", s.xtc_probability);
    number("xtc_threshold", s.xtc_threshold);
    // llama.cpp's names come with its window.
    if (number("repeat_penalty", s.repetition_penalty)) s.repetition_last_tokens = 64;
    number("repetition_penalty", s.repetition_penalty);
    integer("repeat_last_n", s.repetition_last_tokens);
    number("presence_penalty", s.presence_penalty);
    number("frequency_penalty", s.frequency_penalty);
    number("dry_multiplier", s.dry.multiplier);
    number("dry_base", s.dry.base);
    integer("dry_allowed_length", s.dry.allowed_length);
    integer("dry_penalty_last_n", s.dry.last_tokens);
    for (const char* key : {"random_seed", "seed"}) {
      int64_t seed = -1;
      if (!integer(key, seed)) continue;
      s.has_seed = seed != -1;
      s.seed = static_cast<uint64_t>(seed);
    }
  }

  void read_limits() {
    for (const char* key : {"n_predict", "max_tokens", "max_completion_tokens"})
      integer(key, request_.max_tokens);
    if (request_.max_tokens < 0) request_.max_tokens = -1;
    integer("min_tokens", request_.min_tokens);
    for (const char* key : {"reasoning_budget", "thinking_token_budget", "thinking_budget"})
      integer(key, request_.thinking_tokens);
    flag("ignore_eos", request_.ignore_end);
    for (const char* key : {"n_cmpl", "n"}) integer(key, request_.choices);
  }

  void read_stops() {
    if (const PythonJson* stop = given("stop")) {
      request_.stop.clear();
      if (stop->is_string()) request_.stop.push_back(stop->text);
      if (!stop->is_string() && !stop->is_array()) wrong("stop", "a string or a list of strings");
      if (stop->is_array())
        for (const PythonJson& item : stop->items) {
          if (!item.is_string()) return wrong("stop", "a string or a list of strings");
          request_.stop.push_back(item.text);
        }
    }
    flag("include_stop_str_in_output", request_.include_stop);
    token_list("stop_token_ids", request_.stop_tokens);
    token_list("allowed_token_ids", request_.allowed_tokens);
  }
  void token_list(const char* key, std::vector<int32_t>& out) {
    const PythonJson* tokens = given(key);
    if (tokens == nullptr) return;
    out.clear();
    if (!tokens->is_array()) return wrong(key, "a list of token ids");
    for (const PythonJson& item : tokens->items) {
      const auto id = item.as_int64();
      if (!id || *id < 0 || *id >= tokenizer_.vocab_size()) return wrong(key, "a list of token ids");
      out.push_back(static_cast<int32_t>(*id));
    }
  }

  // Each word as it stands at the head of a text and behind a space.
  void read_bad_words() {
    const PythonJson* words = given("bad_words");
    if (words == nullptr) return;
    request_.bad_words.clear();
    if (!words->is_array()) return wrong("bad_words", "a list of strings");
    for (const PythonJson& word : words->items) {
      if (!word.is_string() || word.text.empty()) return wrong("bad_words", "a list of strings");
      request_.bad_words.push_back(tokenizer_.encode(word.text));
      if (word.text.front() != ' ') request_.bad_words.push_back(tokenizer_.encode(" " + word.text));
    }
  }

  // {"123": -100} or [[123, -100], [123, false], ["text", 2]].
  void read_bias() {
    const PythonJson* bias = given("logit_bias");
    if (bias == nullptr) return;
    request_.sampling.logit_bias.clear();
    if (bias->is_object()) {
      for (size_t i = 0; i < bias->keys.size(); ++i) {
        PythonJson key = PythonJson::make_string(bias->keys[i]);
        int64_t id = 0;
        const char* end = key.text.data() + key.text.size();
        if (std::from_chars(key.text.data(), end, id).ptr == end)
          key = {Kind::integer, false, bias->keys[i], {}, {}};
        add_bias(key, bias->items[i]);
      }
    } else if (bias->is_array()) {
      for (const PythonJson& pair : bias->items) {
        if (!pair.is_array() || pair.items.size() != 2)
          return wrong("logit_bias", "pairs of a token and a number");
        add_bias(pair.items[0], pair.items[1]);
      }
    } else {
      wrong("logit_bias", "an object or a list of pairs");
    }
  }
  void add_bias(const PythonJson& key, const PythonJson& value) {
    float amount = 0.0F;
    if (value.is_number()) {
      amount = static_cast<float>(value.as_double());
    } else if (value.is(Kind::boolean) && !value.boolean) {
      amount = -std::numeric_limits<float>::infinity();
    } else {
      return wrong("logit_bias", "a number or false behind each token");
    }
    auto& list = request_.sampling.logit_bias;
    if (key.is_string()) {
      for (const int32_t id : tokenizer_.encode(key.text)) list.emplace_back(id, amount);
      return;
    }
    const auto id = key.as_int64();
    if (!id || *id < 0 || *id >= tokenizer_.vocab_size())
      return wrong("logit_bias", fmt::format("token ids 0 to {}", tokenizer_.vocab_size() - 1));
    list.emplace_back(static_cast<int32_t>(*id), amount);
  }

  // Every token that contains a breaker breaks a run.
  void read_breakers() {
    std::vector<std::string> breakers = {"\n", ":", "\"", "*"};
    if (const PythonJson* list = given("dry_sequence_breakers")) {
      breakers.clear();
      if (!list->is_array()) return wrong("dry_sequence_breakers", "a list of strings");
      for (const PythonJson& item : list->items) {
        if (!item.is_string()) return wrong("dry_sequence_breakers", "a list of strings");
        if (!item.text.empty()) breakers.push_back(item.text);
      }
      size_t bytes = 0;
      for (const std::string& breaker : breakers) bytes += breaker.size();
      if (breakers.size() > kMostBreakers || bytes > kMostBreakerBytes)
        return wrong("dry_sequence_breakers",
                     fmt::format("at most {} strings of {} bytes in all", kMostBreakers, kMostBreakerBytes));
    }
    if (request_.sampling.dry.multiplier == 0.0) return;
    auto& tokens = request_.sampling.dry.breaker_tokens;
    auto& sequences = request_.sampling.dry.breakers;
    tokens.clear();
    sequences.clear();
    const auto breaks = [&](std::string_view piece) {
      return std::ranges::any_of(
          breakers, [&](const std::string& b) { return piece.find(b) != std::string_view::npos; });
    };
    for (int32_t id = 0; id < tokenizer_.vocab_size(); ++id)
      if (tokenizer_.is_special(id) || breaks(tokenizer_.piece(id))) tokens.push_back(id);
    for (const std::string& breaker : breakers)
      if (auto ids = tokenizer_.encode(breaker); ids.size() > 1) sequences.push_back(std::move(ids));
  }

  // Chat: "logprobs": true, "top_logprobs": 5. Completions: "logprobs": 5. llama-server: "n_probs": 5.
  void read_log_probabilities() {
    if (const PythonJson* value = given("logprobs")) {
      if (value->is(Kind::boolean))
        request_.logprobs = value->boolean ? 0 : -1;
      else
        integer("logprobs", request_.logprobs);
    }
    int top = 0;
    if (integer("top_logprobs", top) && request_.logprobs >= 0) request_.logprobs = top;
    if (integer("n_probs", top) && top > 0) request_.logprobs = top;
    if (const PythonJson* value = given("prompt_logprobs"); value && value->is(Kind::boolean))
      request_.prompt_logprobs = value->boolean ? 1 : -1;
    else
      integer("prompt_logprobs", request_.prompt_logprobs);
  }

  void read_rest() {
    int64_t milliseconds = 0;
    if (integer("t_max_predict_ms", milliseconds) && milliseconds > 0)
      request_.answer_timeout = std::chrono::milliseconds(std::min(milliseconds, int64_t{1} << 40));
    integer("priority", request_.priority);
    flag("cache_prompt", request_.use_prefix_cache);
    flag("return_progress", request_.report_progress);
    text("cache_salt", request_.cache_salt);
    text("request_id", request_.id);
  }

  const PythonJson& json_;
  const Tokenizer& tokenizer_;
  GenerateRequest& request_;
  std::set<std::string, std::less<>> seen_;
  std::string error_;
};

}  // namespace

Result<void> read_request_fields(const PythonJson& json, const Tokenizer& tokenizer, GenerateRequest& request,
                                 std::vector<std::string>* ignored) {
  return FieldReader(json, tokenizer, request).read(ignored);
}

}  // namespace sirocco
