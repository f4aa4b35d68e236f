// SPDX-License-Identifier: Apache-2.0
// How the prompt tokens of one step are divided among the sequences that still compute their prompt.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sirocco {

// Max-min fair: nobody gets more than it wants, nothing is left while somebody wants more, and whoever gets
// less than it wants gets at least as much as anybody else (but for single tokens, which go to the front).
std::vector<int64_t> share_fairly(std::span<const int64_t> wanted, int64_t budget);

// Half of the budget goes to those of the best (smallest) priority alone, the rest to all: urgent prompts get
// ahead and no prompt ever stops.
std::vector<int64_t> share_by_priority(std::span<const int64_t> wanted, std::span<const int> priorities,
                                       int64_t budget);

}  // namespace sirocco
