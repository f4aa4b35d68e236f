// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of a row as the model gave it, before any sampler touched it.
#pragma once

#include <span>

#include "sirocco/event.h"

namespace sirocco {

// Of `chosen` and of the `top` most likely tokens (lower id first on equal logits).
PositionLogprobs log_probabilities(std::span<const float> logits, int32_t chosen, int top);

// Changes with any bit of the row: FNV-1a over its 32-bit words, in eight chains.
uint64_t hash_of_row(std::span<const float> logits);

}  // namespace sirocco
