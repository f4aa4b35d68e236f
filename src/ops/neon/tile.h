// SPDX-License-Identifier: Apache-2.0
// What every packed NEON kernel does around its products. Internal linkage throughout: each file compiles its own
// copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/lanes.h"
#include "ops/packed.h"
#include "ops/sub_tiles.h"

namespace sirocco {
namespace {

constexpr int kQuarters = kStripRows / kLanes;  // of a strip: four rows a register

// y[t, 4 · quarter + …] = total · multiplier, of the rows that exist.
inline void store_quarter(const PackedStrip& strip, int quarter, float32x4_t total, float* y) {
  const int first = kLanes * quarter;
  if (first < strip.rows) store_first(y + first, strip.rows - first, vmulq_n_f32(total, strip.multiplier));
}

}  // namespace
}  // namespace sirocco
