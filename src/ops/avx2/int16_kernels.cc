// SPDX-License-Identifier: Apache-2.0
// 16-bit integers with vpmaddwd: sixteen rows in two registers, two columns a step, up to four tokens at once.
// Norms bound the sums over 256 columns (Int16Record), so they are exact in 32 bits and turn to float32 once a
// block. One instruction multiplies twice as many numbers as a float32 multiply-add does.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/lanes.h"
#include "ops/avx2/tile.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

constexpr int kPairs = 8;  // of columns a turn of the loop

// total[t] += this block of `cols` columns, whose lines the first of its parts asks for ahead.
template <int T, bool First>
void block(const uint8_t* w, const uint8_t* scales, int64_t cols, const Int16Record* x, __m256 (*total)[2]) {
  __m256i sum[T][2];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) sum[t][0] = sum[t][1] = _mm256_setzero_si256();
  for (int64_t k = 0; k < cols; k += 2 * kPairs, w += 64 * kPairs) {
    if constexpr (First) prefetch<64 * kPairs>(w);
#pragma GCC unroll 8
    for (int p = 0; p < kPairs; ++p) {
      const __m256i low = load(w + 64 * p), high = load(w + 64 * p + 32);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256i pair = dword(x[t].codes + k + 2 * p);
        sum[t][0] = at_once(_mm256_add_epi32(sum[t][0], _mm256_madd_epi16(low, pair)));
        sum[t][1] = at_once(_mm256_add_epi32(sum[t][1], _mm256_madd_epi16(high, pair)));
      }
    }
  }
#pragma GCC unroll 2
  for (int h = 0; h < 2; ++h) {
    const __m256 scale = _mm256_loadu_ps(reinterpret_cast<const float*>(scales) + 8 * h);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
      total[t][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[t][h]),
                                    _mm256_mul_ps(scale, _mm256_set1_ps(x[t].scale)), total[t][h]);
  }
}

void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int16Record*>(records);
  const uint8_t *w = strip.lines, *scales = strip.scales;
  __m256 total[kLargestTile][2];
  for (int t = 0; t < tokens; ++t) total[t][0] = total[t][1] = _mm256_setzero_ps();
  for (int64_t begin = 0; begin < strip.cols; begin += kRecordColumns, x += tokens) {
    const int64_t here = strip.cols - begin < kRecordColumns ? strip.cols - begin : kRecordColumns;
    in_sub_tiles(tokens, [&]<int T>(int t) {
      const auto part = t == 0 ? block<T, true> : block<T, false>;
      part(w, scales, here, x + t, total + t);
    });
    w += 32 * here;
    scales += 64;
  }
  store_rows(strip, total, tokens, y, y_stride);
}

void to_int16(const float* x, int64_t cols, Int16Record* records, int64_t stride) {
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, records += stride) {
    const int64_t here = cols - begin < kRecordColumns ? cols - begin : kRecordColumns;
    const auto eight = [&](int64_t k) { return _mm256_maskload_ps(x + begin + k, first_lanes(here - k)); };
    __m256 squares[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (int64_t k = 0; k < here; k += 8)
      squares[k / 8 % 2] = _mm256_fmadd_ps(eight(k), eight(k), squares[k / 8 % 2]);
    const float norm = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(sum_lanes(squares[0], squares[1]))));
    const __m256 inverse = _mm256_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
    records->scale = norm / kRowNorm;
    for (int64_t k = 0; k < (here + 31) / 32 * 32; k += 16) {
      const __m256i low = _mm256_cvtps_epi32(_mm256_mul_ps(eight(k), inverse));
      const __m256i high = _mm256_cvtps_epi32(_mm256_mul_ps(eight(k + 8), inverse));
      const __m256i codes = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
      store(records->codes + k, codes);
    }
  }
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 32, _mm256_setzero_si256(), _mm256_set1_epi16(1), [](__m256i sum, __m256i a) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(sum, a));
  });
}

constexpr PackedKernel kKernels[] = {{DType::i16_packed, RecordKind::int16_per_256, multiply, kLargestTile}};

}  // namespace

constinit const PackedKernels kAvx2Int16Kernels{
    .kernels = kKernels, .count = 1, .to_int16 = to_int16, .spin = spin};

}  // namespace sirocco
