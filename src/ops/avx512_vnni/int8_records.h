// SPDX-License-Identifier: Apache-2.0
// Activations in 8 bits, for AVX-512 and tiles. Internal linkage: ISA files compile their own copy (ARCHITECTURE.md,
// "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/packed.h"

namespace sirocco {
namespace {

inline float largest(const float* x, int64_t count) {
  __m512 most = _mm512_setzero_ps();
  for (int64_t i = 0; i < count; i += 16) most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
  return _mm512_reduce_max_ps(most);
}

// code = round(x · 127 / max |x|), ties to even; scale = max |x| / 127.
inline void to_int8(const float* x, int64_t cols, RecordKind kind, Int8Record* records, int64_t stride) {
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, records += stride) {
    const int64_t here = cols - begin < kRecordColumns ? cols - begin : kRecordColumns;
    Int8Record& record = *records;
    const float most = kind == RecordKind::int8_per_256 ? largest(x + begin, here) : 0.0f;
    for (int g = 0; g < 8; ++g) {
      const float* group = x + begin + 32 * g;
      if (32 * g >= here) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(record.codes + 32 * g), _mm256_setzero_si256());
        record.scales[g] = 0.0f;
        record.negative_sums_32[g] = record.negative_sums_16[2 * g] = record.negative_sums_16[2 * g + 1] = 0;
        record.sums_32[g] = record.sums_16[2 * g] = record.sums_16[2 * g + 1] = 0;
        continue;
      }
      const float range = kind == RecordKind::int8_per_256 ? most : largest(group, 32);
      const float inverse = range > 0.0f ? 127.0f / range : 0.0f;
      record.scales[g] = range / 127.0f;
      for (int half = 0; half < 2; ++half) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(group + 16 * half), _mm512_set1_ps(inverse));
        const __m512i codes = _mm512_cvtps_epi32(scaled);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(record.codes + 32 * g + 16 * half),
                         _mm512_cvtepi32_epi8(codes));
        const int sum = _mm512_reduce_add_epi32(codes);
        record.negative_sums_16[2 * g + half] = -sum;
        record.sums_16[2 * g + half] = static_cast<int16_t>(sum);
      }
      const int sum = record.negative_sums_16[2 * g] + record.negative_sums_16[2 * g + 1];
      record.negative_sums_32[g] = sum;
      record.sums_32[g] = static_cast<int16_t>(-sum);
    }
  }
}

}  // namespace
}  // namespace sirocco
