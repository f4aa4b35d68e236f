// SPDX-License-Identifier: Apache-2.0
// How the prompt tokens of one step are divided among the sequences that still compute their prompt.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sirocco {

// `wanted`: tokens that each still lacks, best rank first. Half of the budget goes to them in that order, the other
// half to whoever lacks least: a short prompt need not wait for long ones, the first one is never slowed to less than
// half, and equal ones finish one after the other instead of all at the end. Nothing is left while somebody wants
// more.
std::vector<int64_t> share_prompts(std::span<const int64_t> wanted, int64_t budget);

}  // namespace sirocco
