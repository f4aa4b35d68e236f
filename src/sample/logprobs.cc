// SPDX-License-Identifier: Apache-2.0
#include "sample/logprobs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "sample/candidates.h"
#include "sample/exp_sum.h"

namespace sirocco {

PositionLogprobs log_probabilities(std::span<const float> logits, int32_t chosen, int top) {
  CHECK(chosen >= 0 && static_cast<size_t>(chosen) < logits.size());
  const float max = max_of(logits);
  constexpr float kLeast = -9999.0F;  // what clients expect in place of −infinity
  if (!std::isfinite(max)) return {{chosen, kLeast}, {}, 1};
  const double log_total = static_cast<double>(max) + std::log(exp_sum(logits, max, 1.0F));
  const auto logprob = [&](float logit) {
    const float value = static_cast<float>(static_cast<double>(logit) - log_total);
    return value > kLeast ? value : kLeast;
  };
  const float own = logits[static_cast<size_t>(chosen)];
  const auto better = std::ranges::count_if(logits, [own](float logit) { return logit > own; });
  PositionLogprobs result{{chosen, logprob(own)}, {}, better + 1};
  if (top <= 0) return result;
  for (const Candidate& c : rank(logits, max, 1.0F, -std::numeric_limits<float>::infinity(), top))
    result.top.push_back({c.token, logprob(logits[static_cast<size_t>(c.token)])});
  return result;
}

uint64_t hash_of_row(std::span<const float> logits) {
  constexpr uint64_t kBasis = 0xCBF29CE484222325ULL, kPrime = 0x100000001B3ULL;
  // Eight chains side by side: one alone would wait for its multiplication 131,072 times.
  std::array<uint64_t, 8> lanes;
  lanes.fill(kBasis);
  for (size_t i = 0; i < logits.size(); ++i)
    lanes[i % 8] = (lanes[i % 8] ^ std::bit_cast<uint32_t>(logits[i])) * kPrime;
  uint64_t hash = kBasis;
  for (const uint64_t lane : lanes) hash = (hash ^ lane) * kPrime;
  return hash;
}

}  // namespace sirocco
