// SPDX-License-Identifier: Apache-2.0
// Reply: what has come of an answer so far, all choices of all prompts of a request.
#pragma once

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

struct ChoiceReply {
  std::string content, reasoning;
  std::vector<ToolCall> tool_calls;
  std::vector<int32_t> tokens;
  std::vector<PositionLogprobs> logprobs;
  std::vector<PositionLogprobs> prompt_logprobs;
  std::optional<Finish> finish;
};

struct Reply {
  std::vector<ChoiceReply> choices;
  std::optional<PromptProgress> progress;

  explicit Reply(size_t count) : choices(count) {}
  void add(const Event& event);  // REQUIRES: event.choice < choices.size()
  bool finished() const;
  // Prompts are counted once each, though every choice reports its prompt. `per_prompt`: choices of a prompt.
  Usage usage(size_t per_prompt) const;
  const Finish* failure() const;  // a choice that ended by error, or before its time
};

std::string random_id(size_t length);  // letters and digits, from the system's generator

}  // namespace sirocco::api
