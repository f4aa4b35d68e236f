// SPDX-License-Identifier: Apache-2.0
// The products of routed, shared and dense feed-forward blocks with packed weights: gate and up in one pass
// fused with SwiGLU, then down. All blocks of a step form one list of strips that workers claim in turn, so
// that an expert with few tokens keeps no core waiting.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "run/cpu/compute.h"
#include "run/cpu/matrix.h"
#include "run/cpu/workspace.h"

namespace sirocco {

struct ExpertMatrices {  // y = down(silu(gate x) ⊙ up x)
  Matrix gate;           // [F, D]
  Matrix up;             // [F, D]
  Matrix down;           // [D, F]
  int64_t cached_as = -1;  // its number in an ExpertCache; -1: its memory is its own

  std::array<Matrix*, 3> all() { return {&gate, &up, &down}; }
  // Or would be, if it were in memory.
  bool packed() const {
    return gate.packed() && up.packed() && down.packed() && gate.kernel().records == up.kernel().records;
  }
  bool in_memory() const { return gate.in_memory(); }
  bool promised() const { return gate.promised() || up.promised() || down.promised(); }
  uint64_t bytes() const { return static_cast<uint64_t>(gate.bytes() + up.bytes() + down.bytes()); }
};

// Rows first_pair … first_pair + pairs of the pair buffers, which one block of weights serves.
struct ExpertTask {
  ExpertMatrices* weights;
  int64_t first_pair, pairs;
};

// work.pair_out[p, :] = block(work.normed[token_of[p], :]) for the pairs of all tasks, which must be packed.
// work.pair_act is used on the way. Promised matrices are packed first.
void run_packed_experts(std::span<const ExpertTask> tasks, std::span<const int32_t> token_of,  // [P]
                        int64_t T, Workspace& work, Compute& compute);

}  // namespace sirocco
