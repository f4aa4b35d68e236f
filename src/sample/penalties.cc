// SPDX-License-Identifier: Apache-2.0
#include "sample/penalties.h"

#include <limits>

#include "sample/token_mask.h"

namespace sirocco {
namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

bool inside(std::span<const float> logits, int32_t token) {
  return token >= 0 && static_cast<size_t>(token) < logits.size();
}

}  // namespace

void penalise_repetition(std::span<float> logits, const TokenCounts& seen, double r) {
  for (const auto& [token, count] : seen.counts()) {
    if (!inside(logits, token)) continue;
    float& x = logits[static_cast<size_t>(token)];
    x = static_cast<float>(x > 0.0F ? x / r : x * r);
  }
}

void penalise_counts(std::span<float> logits, const TokenCounts& seen, double presence, double frequency) {
  for (const auto& [token, count] : seen.counts())
    if (inside(logits, token))
      logits[static_cast<size_t>(token)] -= static_cast<float>(presence + frequency * count);
}

void add_bias(std::span<float> logits, std::span<const std::pair<int32_t, float>> bias) {
  for (const auto& [token, value] : bias)
    if (inside(logits, token)) logits[static_cast<size_t>(token)] += value;
}

void ban(std::span<float> logits, std::span<const int32_t> tokens) {
  for (const int32_t token : tokens)
    if (inside(logits, token)) logits[static_cast<size_t>(token)] = kBanned;
}

void apply_mask(std::span<float> logits, std::span<const uint32_t> allowed) {
  for (size_t begin = 0; begin < logits.size(); begin += kMaskBits) {
    const uint32_t word = begin / kMaskBits < allowed.size() ? allowed[begin / kMaskBits] : 0;
    if (word == ~uint32_t{0}) continue;
    const size_t end = begin + kMaskBits < logits.size() ? begin + kMaskBits : logits.size();
    for (size_t t = begin; t < end; ++t)
      if ((word >> (t - begin) & 1U) == 0) logits[t] = kBanned;
  }
}

}  // namespace sirocco
