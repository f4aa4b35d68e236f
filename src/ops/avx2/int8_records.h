// SPDX-License-Identifier: Apache-2.0
// Activations as int8 records for AVX2. Internal linkage (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/lanes.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

inline float largest(const float* x, int64_t count) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 most = _mm256_setzero_ps();
  for (int64_t i = 0; i < count; i += 8)
    most = _mm256_max_ps(most, _mm256_and_ps(_mm256_loadu_ps(x + i), magnitude));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// 32 numbers times `inverse`, rounded to nearest, ties to even.
inline __m256i narrow_32(const float* x, float inverse) {
  const auto eight = [&](int i) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(inverse)));
  };
  const __m256i a = _mm256_packs_epi32(eight(0), eight(8)), b = _mm256_packs_epi32(eight(16), eight(24));
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// code = round(x · 127 / max |x|), ties to even; scale = max |x| / 127.
void to_int8(const float* x, int64_t cols, RecordKind kind, Int8Record* records, int64_t stride) {
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, records += stride) {
    const int64_t here = cols - begin < kRecordColumns ? cols - begin : kRecordColumns;
    Int8Record& record = *records;
    const float most = kind == RecordKind::int8_per_256 ? largest(x + begin, here) : 0.0f;
    for (int g = 0; g < 8; ++g) {
      const float* group = x + begin + 32 * g;
      const bool exists = 32 * g < here;
      const float range = !exists ? 0.0f : kind == RecordKind::int8_per_256 ? most : largest(group, 32);
      record.scales[g] = range / 127.0f;
      const __m256i codes =
          exists ? narrow_32(group, range > 0.0f ? 127.0f / range : 0.0f) : _mm256_setzero_si256();
      store(record.codes + 32 * g, codes);
      // Sums of two neighbours; then over every other pair of each 16.
      __m256i sums = _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_maddubs_epi16(_mm256_set1_epi8(1), codes));
      sums = _mm256_add_epi16(sums, _mm256_shuffle_epi32(sums, 0x4e));
      sums = _mm256_add_epi16(sums, _mm256_shuffle_epi32(sums, 0xb1));
      int16_t* pairs = record.negative_pairs_16[2 * g];
      const int first = _mm256_extract_epi32(sums, 0), second = _mm256_extract_epi32(sums, 4);
      __builtin_memcpy(pairs, &first, 4);
      __builtin_memcpy(pairs + 2, &second, 4);
      record.negative_sums_16[2 * g] = pairs[0] + pairs[1];
      record.negative_sums_16[2 * g + 1] = pairs[2] + pairs[3];
      record.sums_16[2 * g] = static_cast<int16_t>(-record.negative_sums_16[2 * g]);
      record.sums_16[2 * g + 1] = static_cast<int16_t>(-record.negative_sums_16[2 * g + 1]);
      record.negative_sums_32[g] = record.negative_sums_16[2 * g] + record.negative_sums_16[2 * g + 1];
      record.sums_32[g] = static_cast<int16_t>(-record.negative_sums_32[g]);
    }
  }
}

}  // namespace
}  // namespace sirocco
