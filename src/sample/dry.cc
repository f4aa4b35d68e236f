// SPDX-License-Identifier: Apache-2.0
#include "sample/dry.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace sirocco {

std::unordered_map<int32_t, int64_t> repeated_runs(std::span<const int32_t> history, int64_t longest) {
  // Z-algorithm on the reversed history: z[i] = length of the common prefix of it and its suffix from i on.
  const auto n = static_cast<int64_t>(history.size());
  const auto reversed = [&](int64_t i) { return history[static_cast<size_t>(n - 1 - i)]; };
  std::vector<int64_t> z(history.size(), 0);
  std::unordered_map<int32_t, int64_t> runs;
  for (int64_t i = 1, left = 0, right = 0; i < n; ++i) {
    int64_t length = i < right ? std::min(right - i, z[static_cast<size_t>(i - left)]) : 0;
    while (i + length < n && reversed(length) == reversed(i + length)) ++length;
    if (i + length > right) {
      left = i;
      right = i + length;
    }
    z[static_cast<size_t>(i)] = length;
    const int64_t run = std::min(length, longest);
    if (run == 0) continue;
    int64_t& best = runs[reversed(i - 1)];  // the token that followed the earlier occurrence
    best = std::max(best, run);
  }
  return runs;
}

int64_t tokens_since_breaker(std::span<const int32_t> history, const DryOptions& options) {
  const auto n = static_cast<int64_t>(history.size());
  const auto ends_in = [&](std::span<const int32_t> text, const std::vector<int32_t>& breaker) {
    return !breaker.empty() && breaker.size() <= text.size() &&
           std::ranges::equal(text.last(breaker.size()), breaker);
  };
  for (int64_t tail = 0; tail < n; ++tail) {
    const auto text = history.first(static_cast<size_t>(n - tail));
    if (std::ranges::binary_search(options.breaker_tokens, text.back())) return tail;
    for (const auto& breaker : options.breakers)
      if (ends_in(text, breaker)) return tail;
  }
  return n;
}

void penalise_runs(std::span<float> logits, std::span<const int32_t> history, const DryOptions& options) {
  if (options.multiplier == 0.0) return;
  if (options.last_tokens >= 0 && static_cast<size_t>(options.last_tokens) < history.size())
    history = history.last(static_cast<size_t>(options.last_tokens));
  const int64_t longest = tokens_since_breaker(history, options);
  for (const auto& [token, run] : repeated_runs(history, longest)) {
    if (run < options.allowed_length || token < 0 || static_cast<size_t>(token) >= logits.size()) continue;
    const double penalty =
        options.multiplier * std::pow(options.base, static_cast<double>(run - options.allowed_length));
    logits[static_cast<size_t>(token)] -= static_cast<float>(std::min(penalty, 1e30));
  }
}

}  // namespace sirocco
