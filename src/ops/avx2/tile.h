// SPDX-License-Identifier: Apache-2.0
// What every packed AVX2 kernel does around its products. Internal linkage throughout: each file compiles its own
// copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kSubTile = 4;  // tokens: what sixteen registers hold

// Few tokens wait for memory, and the processor's own prefetching stops at the end of a page.
constexpr int kPrefetchBytes = 4096;
template <int Bytes, int T>
inline void prefetch(const uint8_t* w) {
  if constexpr (T <= 2) {
#pragma GCC unroll 64
    for (int i = 0; i < Bytes; i += 64) __builtin_prefetch(w + kPrefetchBytes + i);
  }
}

// Calls part.operator()<T>(t) for tokens t … t + T - 1, as many at once as registers allow.
template <class Part>
inline void in_sub_tiles(int tokens, const Part& part) {
  for (int t = 0; t < tokens; t += kSubTile) {
    switch (tokens - t) {
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
  }
}

// y[t, 8 · half + …] = total[t] · multiplier, of the rows that exist.
template <int T>
inline void store_half(const PackedStrip& strip, int half, const __m256 (&total)[T], float* y, int64_t y_stride) {
  const int rows = strip.rows - 8 * half < 8 ? strip.rows - 8 * half : 8;
  const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(rows), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t)
    _mm256_maskstore_ps(y + t * y_stride + 8 * half, mask,
                        _mm256_mul_ps(total[t], _mm256_set1_ps(strip.multiplier)));
}

}  // namespace
}  // namespace sirocco
