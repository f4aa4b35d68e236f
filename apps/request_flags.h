// SPDX-License-Identifier: Apache-2.0
// The flags by which run and chat shape an answer. They become fields of an OpenAI chat object, so that a
// flag, a --request file and an HTTP client mean the same thing by the same name.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sirocco {

struct RequestFlags {
  std::optional<int64_t> max_tokens, seed, top_k;
  std::optional<double> temperature, top_p, min_p, repeat_penalty, presence_penalty, frequency_penalty;
  std::vector<std::string> stop;
  std::string system;
  std::string reasoning_effort;
};

void add_request_flags(CLI::App& command, RequestFlags& flags);

// Sets the fields of the flags that were given; the system prompt is not among them.
void set_request_fields(const RequestFlags& flags, nlohmann::ordered_json& request);
// The text of a JSON object with those fields behind its own, where they win. The rest stays as it is spelled,
// since a tool's numbers reach the prompt so; what is no object is the engine's to refuse.
std::string with_request_fields(const RequestFlags& flags, std::string_view request);

}  // namespace sirocco
