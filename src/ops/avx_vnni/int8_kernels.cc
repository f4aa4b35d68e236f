// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations for AVX-VNNI: vpdpbusd adds four products of an unsigned and a signed byte
// to 32 bits. For processors that have it without AVX-512, Intel's since Alder Lake.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/int8_records.h"
#include "ops/avx2/int8_tiles.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

struct Dpbusd {
  static __m256i scale(__m256i numbers) { return numbers; }

  // What a group of Lines lines begins with: -offset · Σ x.
  template <class F, int Lines>
  static __m256i start(const Int8Record& x, int column) {
    if constexpr (F::kOffsetLog2 == 0) return _mm256_setzero_si256();
    const int32_t* sum = Lines == 4 ? &x.negative_sums_16[column / 16] : &x.negative_sums_32[column / 32];
    return _mm256_slli_epi32(dword(sum), F::kOffsetLog2);
  }
  template <class F>
  static __m256i dot(__m256i sum, __m256i w, __m256i x) {
    if constexpr (F::kSigned)
      return _mm256_dpbusd_avx_epi32(sum, _mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    else
      return _mm256_dpbusd_avx_epi32(sum, w, x);
  }

  // sums[t] = Σ over Lines lines of codes(q, half), from `column` of the record on.
  template <class F, int Lines, int T, class Codes>
  static void sums_of(const Codes& codes, const Int8Record* x, int column, Sums<T>& sums) {
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) sums[t][0] = sums[t][1] = start<F, Lines>(x[t], column);
#pragma GCC unroll 8
    for (int q = 0; q < Lines; ++q) {
      const __m256i low = codes(q, 0), high = codes(q, 1);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256i value = dword(x[t].codes + column + 4 * q);
        sums[t][0] = at_once(dot<F>(sums[t][0], low, value));
        sums[t][1] = at_once(dot<F>(sums[t][1], high, value));
      }
    }
  }

  template <class F, int Lines, int T, class Codes>
  static void add_scaled(const Codes& codes, const Int8Record* x, int column, const __m256i (&scale)[2], Sums<T>& acc) {
    Sums<T> sums;
    sums_of<F, Lines, T>(codes, x, column, sums);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h)
        acc[t][h] = _mm256_add_epi32(acc[t][h], _mm256_mullo_epi32(sums[t][h], scale[h]));
  }
  template <class F, int Lines, int T, class Codes>
  static void add(const Codes& codes, const Int8Record* x, int column, Sums<T>& acc) {
    Sums<T> sums;
    sums_of<F, Lines, T>(codes, x, column, sums);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
#pragma GCC unroll 2
      for (int h = 0; h < 2; ++h) acc[t][h] = _mm256_add_epi32(acc[t][h], sums[t][h]);
  }
};

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 64, _mm256_setzero_si256(), _mm256_set1_epi8(1),
                   [](__m256i sum, __m256i a) { return _mm256_dpbusd_avx_epi32(sum, a, a); });
}

}  // namespace

constinit const PackedKernels kAvxVnniKernels{.kernels = Int8Kernels<Dpbusd>::kAll,
                                              .count = Int8Kernels<Dpbusd>::kCount,
                                              .to_int8 = to_int8,
                                              .spin = spin};

}  // namespace sirocco
