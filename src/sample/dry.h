// SPDX-License-Identifier: Apache-2.0
// DRY ("don't repeat yourself"): a token that would prolong a run which already occurred earlier is
// penalised, exponentially in the length n of the run:  x_t ← x_t − multiplier · base^(n − allowed_length), n
// >= allowed. n(t) = the longest suffix of the history that also stands right before an earlier occurrence of
// t; a run does not reach back over the last breaker.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "sirocco/sampling.h"

namespace sirocco {

// The run length that each token would prolong; tokens that prolong none are absent. Linear in the history.
std::unordered_map<int32_t, int64_t> repeated_runs(std::span<const int32_t> history, int64_t longest);

// How many trailing tokens come after the last breaker.
int64_t tokens_since_breaker(std::span<const int32_t> history, const DryOptions& options);

void penalise_runs(std::span<float> logits, std::span<const int32_t> history, const DryOptions& options);

}  // namespace sirocco
