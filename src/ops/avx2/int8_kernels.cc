// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations for AVX2: vpmaddubsw adds two products in 16 bits, vpmaddwd multiplies
// the sums by the group's scale and widens them.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/int8_records.h"
#include "ops/avx2/int8_tiles.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

// Sums of two products in 16 bits.
template <bool Signed>
inline __m256i products(__m256i w, __m256i x) {
  if constexpr (Signed) return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return _mm256_maddubs_epi16(w, x);
}

// What the 16-bit sums of a group of Lines lines begin with: -offset · Σ x, of the columns that fall to each.
template <int OffsetLog2, int Lines>
inline __m256i start(const Int8Record& x, int column) {
  __m256i sums = dword(x.negative_pairs_16[column / 16]);
  if constexpr (Lines == 8) sums = _mm256_add_epi16(sums, dword(x.negative_pairs_16[column / 16 + 1]));
  return _mm256_slli_epi16(sums, OffsetLog2);
}

struct Maddubs {
  static __m256i scale(__m256i numbers) {  // in both halves of a dword
    return _mm256_or_si256(_mm256_and_si256(numbers, _mm256_set1_epi32(0xffff)), _mm256_slli_epi32(numbers, 16));
  }
  // acc[t] += scale · Σ over Lines lines of codes(q, half), from `column` of the record on.
  template <class F, int Lines, int T, class Codes>
  static void add_scaled(const Codes& codes, const Int8Record* x, int column, const __m256i (&scale)[2],
                        Sums<T>& acc) {
    constexpr int kAdds = F::kAdds < Lines ? F::kAdds : Lines;
#pragma GCC unroll 8
    for (int first = 0; first < Lines; first += kAdds) {
      __m256i sum[T][2];
      if constexpr (F::kOffsetLog2 > 0) {
        static_assert(kAdds == Lines);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) sum[t][0] = sum[t][1] = start<F::kOffsetLog2, Lines>(x[t], column);
      }
#pragma GCC unroll 8
      for (int q = first; q < first + kAdds; ++q) {
        const __m256i low = codes(q, 0), high = codes(q, 1);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) {
          const __m256i value = dword(x[t].codes + column + 4 * q);
          const __m256i a = products<F::kSigned>(low, value), b = products<F::kSigned>(high, value);
          const bool begins = F::kOffsetLog2 == 0 && q == first;
          sum[t][0] = begins ? a : at_once(_mm256_add_epi16(sum[t][0], a));
          sum[t][1] = begins ? b : at_once(_mm256_add_epi16(sum[t][1], b));
        }
      }
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h)
          acc[t][h] = _mm256_add_epi32(acc[t][h], _mm256_madd_epi16(sum[t][h], scale[h]));
    }
  }

  template <class F, int Lines, int T, class Codes>
  static void add(const Codes& codes, const Int8Record* x, int column, Sums<T>& acc) {
    const __m256i ones[2] = {_mm256_set1_epi16(1), _mm256_set1_epi16(1)};
    add_scaled<F, Lines, T>(codes, x, column, ones, acc);
  }
};

// Each product depends on its sum: the same for all, it would be computed once.
int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 64, _mm256_setzero_si256(), _mm256_set1_epi8(1), [](__m256i sum, __m256i a) {
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(sum, a));
  });
}

}  // namespace

constinit const PackedKernels kAvx2Int8Kernels{.kernels = Int8Kernels<Maddubs>::kAll,
                                               .count = Int8Kernels<Maddubs>::kCount,
                                               .to_int8 = to_int8,
                                               .spin = spin};

}  // namespace sirocco
