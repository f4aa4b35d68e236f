// SPDX-License-Identifier: Apache-2.0
// StallBudget: how many prompt tokens may join a step in which others decode, so that the step does not keep
// them waiting longer than `stall_seconds`. Learns the cost of a prompt token from the steps that it is
// shown.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sirocco {

class StallBudget {
 public:
  static constexpr int64_t kLeastTokens = 16;  // prompts always advance

  StallBudget(double stall_seconds, int64_t most_tokens)
      : stall_s_(stall_seconds), most_tokens_(most_tokens) {}

  void observe(int64_t step_tokens, double step_seconds) {
    if (step_tokens < kLeastTokens) return;  // dominated by the weights, not by the tokens
    const double cost = step_seconds / static_cast<double>(step_tokens);
    cost_s_ = cost_s_ == 0.0 ? cost : 0.75 * cost_s_ + 0.25 * cost;
  }
  int64_t tokens() const {
    if (cost_s_ <= 0.0) return most_tokens_;
    const double fitting = std::min(stall_s_ / cost_s_, static_cast<double>(most_tokens_));
    return std::clamp(static_cast<int64_t>(fitting), std::min(kLeastTokens, most_tokens_), most_tokens_);
  }

 private:
  double stall_s_;
  int64_t most_tokens_;
  double cost_s_ = 0.0;  // of one token; 0: not known yet
};

}  // namespace sirocco
