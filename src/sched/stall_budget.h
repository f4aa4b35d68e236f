// SPDX-License-Identifier: Apache-2.0
// StallBudget: how many prompt tokens may join a step in which others decode, so that they keep those waiting no
// longer than `stall_seconds`. Learns from the steps that it is shown what a step costs without prompt tokens (reading
// the weights, mostly) and what each prompt token adds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sirocco {

class StallBudget {
 public:
  static constexpr int64_t kLeastTokens = 16;  // prompts always advance

  StallBudget(double stall_seconds, int64_t most_tokens)
      : stall_s_(stall_seconds), most_tokens_(most_tokens) {}

  // A step of so many prompt tokens, and of any number of tokens that were decoded.
  void observe(int64_t prompt_tokens, double step_seconds) {
    if (prompt_tokens == 0) return learn(decoding_s_, step_seconds);
    if (prompt_tokens < std::min(kLeastTokens, most_tokens_)) return;  // the end of a prompt: too few to tell
    learn(token_s_, std::max(0.0, step_seconds - decoding_s_) / static_cast<double>(prompt_tokens));
  }
  int64_t tokens() const {
    if (token_s_ <= 0.0) return most_tokens_;
    const double fitting = std::min(stall_s_ / token_s_, static_cast<double>(most_tokens_));
    return std::clamp(static_cast<int64_t>(fitting), std::min(kLeastTokens, most_tokens_), most_tokens_);
  }

 private:
  static void learn(double& average, double value) {
    average = average == 0.0 ? value : 0.75 * average + 0.25 * value;
  }

  double stall_s_;
  int64_t most_tokens_;
  double decoding_s_ = 0.0;  // a step without prompt tokens; 0: none was seen
  double token_s_ = 0.0;     // what a prompt token adds; 0: not known yet
};

}  // namespace sirocco
