// SPDX-License-Identifier: Apache-2.0
// What every packed NEON kernel does around its products. Internal linkage throughout: each file compiles its own
// copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/lanes.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kSubTile = 4;                         // tokens: what 32 registers hold
constexpr int kQuarters = kStripRows / kLanes;      // of a strip: four rows a register

// Calls part.operator()<T>(t) for tokens t … t + T - 1, in as few and as equal parts as registers allow.
template <class Part>
inline void in_sub_tiles(int tokens, const Part& part) {
  int parts = (tokens + kSubTile - 1) / kSubTile;
  for (int t = 0; parts > 0; --parts) {
    const int size = (tokens - t + parts - 1) / parts;
    switch (size) {
      case 1:
        part.template operator()<1>(t);
        break;
      case 2:
        part.template operator()<2>(t);
        break;
      case 3:
        part.template operator()<3>(t);
        break;
      default:
        part.template operator()<kSubTile>(t);
    }
    t += size;
  }
}

// y[t, 4 · quarter + …] = total · multiplier, of the rows that exist.
inline void store_quarter(const PackedStrip& strip, int quarter, float32x4_t total, float* y) {
  const int first = kLanes * quarter;
  if (first < strip.rows) store_first(y + first, strip.rows - first, vmulq_n_f32(total, strip.multiplier));
}

}  // namespace
}  // namespace sirocco
