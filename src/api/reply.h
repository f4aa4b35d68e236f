// SPDX-License-Identifier: Apache-2.0
// Reply: what has come of an answer so far, all choices of all prompts of a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sirocco/event.h"

namespace sirocco::api {

struct ToolCall {
  std::string id = {};  // nine letters and digits: the only form that the model's template takes back
  std::string name = {};
  std::string arguments = {};
};

using Clock = std::chrono::steady_clock;

struct ChoiceReply {
  std::string content, reasoning;
  std::vector<ToolCall> tool_calls;
  std::vector<int32_t> tokens;
  std::vector<PositionLogprobs> logprobs;
  std::vector<PositionLogprobs> prompt_logprobs;
  bool broke_line = false;  // there is a line break in the content
  std::optional<Clock::time_point> first_delta, last_delta;
  std::optional<Finish> finish;
};

struct Reply {
  std::vector<ChoiceReply> choices;
  std::vector<PromptProgress> prompts;  // how far each has come; choices are in the order of their prompts

  Reply(const std::vector<int64_t>& prompt_tokens, size_t choices_per_prompt);
  void add(const Event& event, Clock::time_point now = Clock::now());  // REQUIRES: event.choice < choices.size()
  bool finished() const;
  // Of one choice and its prompt: final once it has ended, until then what has come and what the clock says. Its
  // reasoning tokens are known at its end only.
  Usage usage_of(size_t choice) const;
  Timings timings_of(size_t choice) const;
  // Prompts are counted once each, though every choice reports its prompt. `per_prompt`: choices of a prompt.
  Usage usage(size_t per_prompt) const;
  const Finish* failure() const;  // a choice that ended by error, or before its time
  size_t prompt_of(size_t choice) const { return choice * prompts.size() / choices.size(); }
};

std::string random_id(size_t length);  // letters and digits, from the system's generator

}  // namespace sirocco::api
