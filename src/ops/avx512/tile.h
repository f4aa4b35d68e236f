// SPDX-License-Identifier: Apache-2.0
// What every packed kernel of the AVX-512 sets does around its products. Internal linkage throughout: each file
// compiles its own copy for its own instruction set (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/lines_ahead.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

// Calls tile.operator()<T>() with T = tokens. REQUIRES: is_tile_size(tokens).
template <class Tile>
inline void with_tile_size(int tokens, const Tile& tile) {
  switch (tokens) {
    case 1:
      return tile.template operator()<1>();
    case 2:
      return tile.template operator()<2>();
    case 3:
      return tile.template operator()<3>();
    case 4:
      return tile.template operator()<4>();
    case 5:
      return tile.template operator()<5>();
    case 6:
      return tile.template operator()<6>();
    case 8:
      return tile.template operator()<8>();
    case 10:
      return tile.template operator()<10>();
    case 12:
      return tile.template operator()<12>();
    default:
      __builtin_trap();
  }
}

// Few tokens wait for memory, and the processor's own prefetching stops at the end of a page. A line is asked for
// shortly before its turn; a core with line buffers to spare asks for it long before as well, into the second cache.
struct Near {
  static void ask(const uint8_t* w) { __builtin_prefetch(w + 1024); }
};
struct NearAndFar {  // Zen 4, 20 % over Near in decoding; where a core has sixteen line buffers, far loses (SPEED.md)
  static void ask(const uint8_t* w) {
    __builtin_prefetch(w + 1024);
    __builtin_prefetch(w + 8192, 0, 2);
  }
};
template <int Bytes, int T, class Ahead>
inline void prefetch(const uint8_t* w) {
  if constexpr (T <= kMemoryBoundTokens) {
#pragma GCC unroll 64
    for (int i = 0; i < Bytes; i += 64) Ahead::ask(w + i);
  }
}

// What strips ask for while they are multiplied (PackedStrip::ahead), a few lines a step of `steps`; part `part` of
// `parts` asks for its share.
template <int S>
class Asking {
 public:
  Asking(const PackedStrip* strips, int64_t steps, int part, int parts) {
    const int64_t all = strips[0].ahead_lines, share = (all + parts - 1) / parts, first = share * part;
    lines_ = (share + steps - 1) / steps;
    for (int s = 0; s < S; ++s)
      ahead_[s] = LinesAhead(strips[s].ahead + 64 * first, all - first < share ? all - first : share);
  }
  void step() {
    for (LinesAhead& ahead : ahead_) ahead.ask(lines_);
  }

 private:
  LinesAhead ahead_[S];
  int64_t lines_;  // a step
};

// The compiler no longer knows what lies there: values stay in memory, and registers are left to others.
template <class Values>
inline Values* in_memory(Values* values) {
  asm volatile("" : "+r"(values) : : "memory");
  return values;
}

// y[t, 0 … rows) = total[t] · multiplier
template <int T>
inline void store_tile(const PackedStrip& strip, const __m512* total, float* y, int64_t y_stride) {
  const __mmask16 mask = static_cast<__mmask16>((1u << strip.rows) - 1u);
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t)
    _mm512_mask_storeu_ps(y + t * y_stride, mask, _mm512_mul_ps(total[t], _mm512_set1_ps(strip.multiplier)));
}

}  // namespace
}  // namespace sirocco
