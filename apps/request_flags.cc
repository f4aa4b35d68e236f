// SPDX-License-Identifier: Apache-2.0
#include "request_flags.h"

#include <cmath>
#include <cstdlib>

namespace sirocco {
namespace {

const CLI::Validator kFinite(
    [](const std::string& text) {
      const bool finite = std::isfinite(std::strtod(text.c_str(), nullptr));
      return finite ? std::string() : "expected a number, got " + text;
    },
    "");

}  // namespace

void add_request_flags(CLI::App& command, RequestFlags& flags) {
  command.add_option("--max-tokens", flags.max_tokens, "longest answer in tokens; default: until the context is full")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command.add_option("--temperature", flags.temperature,
                     "0 to 100, 0: greedy; default: 0.7 with thinking, 0.3 without")
      ->check(kFinite);
  command
      .add_option("--top-p", flags.top_p,
                  "keep the likeliest tokens of this weight, above 0 to 1; default 1: all")
      ->check(kFinite);
  command.add_option("--top-k", flags.top_k, "keep this many tokens; default 0: all");
  command.add_option("--min-p", flags.min_p,
                     "keep tokens at least this likely relative to the first, 0 to 1; default 0: all")
      ->check(kFinite);
  command.add_option("--repeat-penalty", flags.repeat_penalty,
                     "divide logits of tokens seen before, 0.001 to 1000; default 1: off")
      ->check(kFinite);
  command.add_option("--presence-penalty", flags.presence_penalty,
                     "lower logits of tokens said, -100 to 100; default 0: off")
      ->check(kFinite);
  command.add_option("--frequency-penalty", flags.frequency_penalty,
                     "the same, each time they were said, -100 to 100; default 0: off")
      ->check(kFinite);
  command.add_option("--seed", flags.seed, "the same seed gives the same answer; default: another each time");
  command.add_option("--stop", flags.stop, "end before this text; may be given more than once")
      ->allow_extra_args(false);
  command.add_option("--system", flags.system, "system prompt; default: none");
  command.add_option("--reasoning-effort", flags.reasoning_effort, "whether to think before answering; default: none")
      ->check(CLI::IsMember({"none", "high"}));
}

void set_request_fields(const RequestFlags& flags, nlohmann::ordered_json& request) {
  const auto set = [&](const char* field, const auto& value) {
    if (value) request[field] = *value;
  };
  set("max_tokens", flags.max_tokens);
  set("temperature", flags.temperature);
  set("top_p", flags.top_p);
  set("top_k", flags.top_k);
  set("min_p", flags.min_p);
  set("repeat_penalty", flags.repeat_penalty);
  set("presence_penalty", flags.presence_penalty);
  set("frequency_penalty", flags.frequency_penalty);
  set("seed", flags.seed);
  if (!flags.stop.empty()) request["stop"] = flags.stop;
  if (!flags.reasoning_effort.empty()) request["reasoning_effort"] = flags.reasoning_effort;
}

std::string with_request_fields(const RequestFlags& flags, std::string_view request) {
  constexpr std::string_view kSpace = " \t\r\n";
  auto fields = nlohmann::ordered_json::object();
  set_request_fields(flags, fields);
  const size_t end = request.find_last_not_of(kSpace);
  if (fields.empty() || end == std::string_view::npos || request[end] != '}') return std::string(request);
  std::string text(request.substr(0, end));
  const size_t last = text.find_last_not_of(kSpace);
  if (last != std::string::npos && text[last] != '{') text += ',';
  return text + fields.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).substr(1);
}

}  // namespace sirocco
