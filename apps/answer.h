// SPDX-License-Identifier: Apache-2.0
// Answer: what one choice said in all, gathered from a stream's events, and its JSON for `run --json`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sirocco/event.h"

namespace sirocco {

struct Answer {
  std::string text;
  std::string reasoning;
  std::vector<ToolCallDelta> tool_calls;  // whole ones
  std::vector<int32_t> tokens;
  Finish finish;

  void add(const Delta& delta);
};

// text, reasoning, tool_calls, tokens, finish_reason, usage, timings, logits_hash.
nlohmann::ordered_json answer_json(const Answer& answer);
// The timings object of llama-server, with bytes read beside.
nlohmann::ordered_json timings_json(const Finish& finish);

// "12 prompt tokens at 80.1 tok/s (4 cached), 34 answer tokens at 20.2 tok/s, 5.10 GB/s, logits
// 0123456789abcdef"
std::string footer(const Finish& finish);

}  // namespace sirocco
