// SPDX-License-Identifier: Apache-2.0
// PackingPlan: which weights get a packed copy, from how much memory there is for copies. A copy is about as large as
// the file's bytes. Where there is no room for all, that of the routed experts is the first to go: they are most of
// the bytes, and a token reads few of them.
#pragma once

#include <cstdint>

#include "model/weights.h"
#include "run/model.h"

namespace sirocco {

enum class Packing {
  none,       // every matrix stays where it is
  at_once,    // while the model loads
  when_used,  // the same, but routed experts before their first use
  in_turns,   // the same, but routed experts share rooms that are fewer (expert_cache.h)
};

// Of the matrices that are loaded, in the file.
struct MatrixBytes {
  uint64_t routed = 0;  // experts
  uint64_t others = 0;
};
MatrixBytes matrix_bytes(const ModelWeights& weights);

struct PackingPlan {
  Packing packing = Packing::none;
  uint64_t room_bytes = 0;  // for routed experts, with Packing::in_turns
};

// `available`: memory. Exact mode reads the file's own numbers and makes no copies.
PackingPlan plan_packing(const MatrixBytes& bytes, uint64_t available, const ModelOptions& options);

}  // namespace sirocco
