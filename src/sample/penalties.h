// SPDX-License-Identifier: Apache-2.0
// Edits of a row of logits that come before the temperature. Each touches only the tokens that it is about.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "sample/token_counts.h"

namespace sirocco {

// x_t ← x_t > 0 ? x_t / r : x_t · r for every token that occurs (arXiv:1909.05858).
void penalise_repetition(std::span<float> logits, const TokenCounts& seen, double r);
// x_t ← x_t − frequency · count_t − presence, for every token that occurs.
void penalise_counts(std::span<float> logits, const TokenCounts& seen, double presence, double frequency);
void add_bias(std::span<float> logits, std::span<const std::pair<int32_t, float>> bias);
void ban(std::span<float> logits, std::span<const int32_t> tokens);  // x_t ← −infinity
// Bans every token whose bit is clear (sample/token_mask.h).
void apply_mask(std::span<float> logits, std::span<const uint32_t> allowed);

}  // namespace sirocco
