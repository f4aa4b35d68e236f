// SPDX-License-Identifier: Apache-2.0
// TokenCounts: how often each token occurs among the last `window` tokens of a sequence. Costs memory for the
// distinct tokens only, and a hash look-up per token added.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>

namespace sirocco {

class TokenCounts {
 public:
  explicit TokenCounts(int64_t window = -1) : window_(window) {}  // -1: no end

  void add(int32_t token) {
    if (window_ == 0) return;
    ++counts_[token];
    if (window_ < 0) return;
    recent_.push_back(token);
    if (static_cast<int64_t>(recent_.size()) <= window_) return;
    const auto oldest = counts_.find(recent_.front());
    if (--oldest->second == 0) counts_.erase(oldest);
    recent_.pop_front();
  }
  const std::unordered_map<int32_t, int32_t>& counts() const { return counts_; }

 private:
  int64_t window_;
  std::unordered_map<int32_t, int32_t> counts_;
  std::deque<int32_t> recent_;  // only with a window
};

}  // namespace sirocco
