// SPDX-License-Identifier: Apache-2.0
// What every packed kernel of the AVX-512 sets does around its products. Internal linkage throughout: each file
// compiles its own copy for its own instruction set (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

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
template <int T>
constexpr bool kWaits = T <= 2;
template <int Bytes, int T, class Ahead>
inline void prefetch(const uint8_t* w) {
  if constexpr (kWaits<T>) {
#pragma GCC unroll 64
    for (int i = 0; i < Bytes; i += 64) Ahead::ask(w + i);
  }
}

// y[t, 0 … rows) = total[t] · multiplier
template <int T>
inline void store_tile(const PackedStrip& strip, const __m512 (&total)[T], float* y, int64_t y_stride) {
  const __mmask16 mask = static_cast<__mmask16>((1u << strip.rows) - 1u);
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t)
    _mm512_mask_storeu_ps(y + t * y_stride, mask, _mm512_mul_ps(total[t], _mm512_set1_ps(strip.multiplier)));
}

}  // namespace
}  // namespace sirocco
