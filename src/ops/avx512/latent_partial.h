// SPDX-License-Identifier: Apache-2.0
// Partial results of latent attention with sixteen lanes: sums [16 heads, C], of each 32 columns those 0-3, 8-11,
// 16-19, 24-27 and then the others. Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/exp.h"
#include "ops/latent_kernels.h"

namespace sirocco {
namespace {

inline void merge(const LatentPartial* from, int64_t latent, LatentPartial* into) {
  alignas(64) float scale_from[kHeadLanes], scale_into[kHeadLanes];
  const __m512 a = _mm512_loadu_ps(into->max), b = _mm512_loadu_ps(from->max), max = _mm512_max_ps(a, b);
  const __m512 keep = exp_lanes(_mm512_sub_ps(a, max)), take = exp_lanes(_mm512_sub_ps(b, max));
  _mm512_storeu_ps(into->max, max);
  _mm512_storeu_ps(into->total, _mm512_fmadd_ps(_mm512_loadu_ps(from->total), take,
                                                _mm512_mul_ps(_mm512_loadu_ps(into->total), keep)));
  _mm512_store_ps(scale_into, keep);
  _mm512_store_ps(scale_from, take);
  for (int h = 0; h < kHeadLanes; ++h)
    for (int64_t c = h * latent; c < (h + 1) * latent; c += 16)
      _mm512_storeu_ps(
          into->sums + c,
          _mm512_fmadd_ps(_mm512_loadu_ps(from->sums + c), _mm512_set1_ps(scale_from[h]),
                          _mm512_mul_ps(_mm512_loadu_ps(into->sums + c), _mm512_set1_ps(scale_into[h]))));
}

inline void finish(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride) {
  for (int h = 0; h < heads; ++h) {
    const __m512 inverse = _mm512_set1_ps(1.0f / partial->total[h]);
    for (int64_t c = 0; c < latent; c += 32) {
      const __m512 low = _mm512_mul_ps(_mm512_loadu_ps(partial->sums + h * latent + c), inverse);
      const __m512 high = _mm512_mul_ps(_mm512_loadu_ps(partial->sums + h * latent + c + 16), inverse);
      const __m512i front = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const __m512i back = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      _mm512_storeu_ps(out + h * stride + c, _mm512_permutex2var_ps(low, front, high));
      _mm512_storeu_ps(out + h * stride + c + 16, _mm512_permutex2var_ps(low, back, high));
    }
  }
}

}  // namespace
}  // namespace sirocco
