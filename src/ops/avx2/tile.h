// SPDX-License-Identifier: Apache-2.0
// What every packed AVX2 kernel does around its products. Internal linkage throughout: each file compiles its own
// copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/lanes.h"
#include "ops/packed.h"
#include "ops/sub_tiles.h"

namespace sirocco {
namespace {

// The compiler computes `value` here. g++ would put off the kernels' additions until all products are there, more
// of them than sixteen registers hold.
inline __m256i at_once(__m256i value) {
  asm volatile("" : "+x"(value));
  return value;
}

// The processor's own prefetching is too late by itself, and stops at the end of a page. The lines of a block of
// Bytes are asked for in Parts, between the work: all at once they would fill the queue of misses and stop it.
constexpr int kPrefetchBytes = 4096;
template <int Bytes, int Parts = 1, int Part = 0>
inline void prefetch(const uint8_t* w) {
  constexpr int kBegin = Bytes / 64 * Part / Parts, kEnd = Bytes / 64 * (Part + 1) / Parts;
#pragma GCC unroll 64
  for (int i = kBegin; i < kEnd; ++i) __builtin_prefetch(w + kPrefetchBytes + 64 * i);
}

// y[t, 8 · half + …] = total[t] · multiplier, of the rows that exist.
template <int T>
inline void store_half(const PackedStrip& strip, int half, const __m256 (&total)[T], float* y, int64_t y_stride) {
  const __m256i mask = first_lanes(strip.rows - 8 * half);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t)
    _mm256_maskstore_ps(y + t * y_stride + 8 * half, mask,
                        _mm256_mul_ps(total[t], _mm256_set1_ps(strip.multiplier)));
}

// The same of both halves.
inline void store_rows(const PackedStrip& strip, const __m256 (*total)[2], int tokens, float* y,
                       int64_t y_stride) {
  for (int t = 0; t < tokens; ++t)
    for (int h = 0; h < 2 && 8 * h < strip.rows; ++h) {
      const __m256 row[1] = {total[t][h]};
      store_half(strip, h, row, y + t * y_stride, y_stride);
    }
}

}  // namespace
}  // namespace sirocco
