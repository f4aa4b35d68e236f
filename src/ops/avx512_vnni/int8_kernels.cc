// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations with vpdpbusd: sixteen rows a register, four columns a step,
// T tokens at once. Weights are unsigned codes; an offset is removed by starting each sum at -offset · Σ x.
// K types sum integers over 256 columns (exactly) and turn to float32 once; legacy types once per 32.
#include <immintrin.h>

#include <cstdint>
#include <type_traits>

#include "ops/avx512/tile.h"
#include "ops/avx512_vnni/int8_formats.h"
#include "ops/avx512_vnni/int8_records.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

template <class F, class Ahead, int T, int G>
inline void k_group(const uint8_t* w, const uint8_t* scales, const Int8Record* x, __m512i (&sum)[T]) {
  constexpr int kAsked = (F::kBytes / 64 + kGroups<F> - 1) / kGroups<F>;  // lines
  prefetch<64 * kAsked, T, Ahead>(w + 64 * kAsked * G);
  __m512i acc[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) {
    if constexpr (F::kOffsetLog2 == 0)
      acc[t] = _mm512_setzero_si512();
    else
      acc[t] = _mm512_slli_epi32(
          dword(F::kGroup == 16 ? &x[t].negative_sums_16[G] : &x[t].negative_sums_32[G]), F::kOffsetLog2);
  }
#pragma GCC unroll 8
  for (int q = 0; q < F::kGroup / 4; ++q) {
    const __m512i codes = F::template codes<G>(w, q);
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t)
      acc[t] = _mm512_dpbusd_epi32(acc[t], codes, dword(x[t].codes + G * F::kGroup + 4 * q));
  }
  const __m512i scale = bytes_to_i32(scales + 16 * G);
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) sum[t] = _mm512_add_epi32(sum[t], _mm512_mullo_epi32(acc[t], scale));
}

template <class F, class Ahead, int T, int... G>
inline void k_groups(const uint8_t* w, const uint8_t* scales, const Int8Record* x, __m512i (&sum)[T]) {
  (k_group<F, Ahead, T, G>(w, scales, x, sum), ...);
}

template <class F, class Ahead, int T>
void k_tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  __m512 total[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) total[t] = _mm512_setzero_ps();
  const uint8_t* w = strip.lines;
  for (int64_t b = 0; b < strip.cols / kRecordColumns; ++b, w += F::kBytes, x += T) {
    alignas(64) uint8_t unpacked[16 * kGroups<F>], mins[16 * kGroups<F>];
    const uint8_t* scales = w + F::kScales;
    if constexpr (F::kPackedScales) {
      F::unpack_scales(scales, unpacked, mins);
      scales = unpacked;
    }
    __m512i sum[T];
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) sum[t] = _mm512_setzero_si512();
    if constexpr (F::kGroup == 32)
      k_groups<F, Ahead, T, 0, 1, 2, 3, 4, 5, 6, 7>(w, scales, x, sum);
    else
      k_groups<F, Ahead, T, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15>(w, scales, x, sum);
    const uint8_t* ds = strip.scales + 32 * b;
    if constexpr (!F::kSplitD) ds = w + F::kD;
    const __m512 d = halves(ds);
    __m512 value[T];
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) value[t] = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[t]), d);
    if constexpr (F::kMins) {
      constexpr int kPairs = kGroups<F> / 2;  // of groups, whose mins lie side by side
      __m512i min[kPairs];
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p)
        min[p] = _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(mins + 32 * p)));
      const __m512 d_min = halves(ds + 32);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const int16_t* sums = group_sums<F>(x[t]);
        __m512i offset = _mm512_setzero_si512();
#pragma GCC unroll 8
        for (int p = 0; p < kPairs; ++p) offset = _mm512_dpwssd_epi32(offset, min[p], dword(sums + 2 * p));
        value[t] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(offset), d_min, value[t]);
      }
    }
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t)
      total[t] = _mm512_fmadd_ps(value[t], _mm512_set1_ps(x[t].scales[0]), total[t]);
  }
  store_tile(strip, total, y, y_stride);
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

template <class F, class Ahead, int T>
void legacy_tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  __m512 total[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) total[t] = _mm512_setzero_ps();
  const uint8_t *w = strip.lines, *s = strip.scales;
  const int64_t groups = strip.cols / 32;
  for (int64_t group = 0; group < groups; ++group, w += F::kBytes, s += F::kScaleBytes) {
    prefetch<F::kBytes, T, Ahead>(w);
    const Int8Record* record = x + group / 8 * T;
    const int g = static_cast<int>(group % 8);
    constexpr int kQuads = 8 / kParts<F>;
#pragma GCC unroll 2
    for (int part = 0; part < kParts<F>; ++part) {
      __m512i acc[T];
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        if constexpr (F::kOffsetLog2 == 0)
          acc[t] = _mm512_setzero_si512();
        else
          acc[t] = _mm512_slli_epi32(dword(F::kHalfGroups ? &record[t].negative_sums_16[2 * g + part]
                                                          : &record[t].negative_sums_32[g]),
                                     F::kOffsetLog2);
      }
#pragma GCC unroll 8
      for (int q = 0; q < kQuads; ++q) {
        const __m512i codes = F::codes(w, part * kQuads + q);
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t)
          acc[t] =
              _mm512_dpbusd_epi32(acc[t], codes, dword(record[t].codes + 32 * g + 4 * (part * kQuads + q)));
      }
      const __m512 d = F::scale(s, part);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const __m512 scale = _mm512_mul_ps(d, _mm512_set1_ps(record[t].scales[g]));
        total[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[t]), scale, total[t]);
      }
    }
    if constexpr (F::kMins) {
      const __m512 m = halves(s + 32);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const float sum = static_cast<float>(-record[t].negative_sums_32[g]) * record[t].scales[g];
        total[t] = _mm512_fmadd_ps(_mm512_set1_ps(sum), m, total[t]);
      }
    }
  }
  store_tile(strip, total, y, y_stride);
}

// ---- Dispatch over tile sizes -----------------------------------------------------------------------------

template <class F, class Ahead, int T>
inline void tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  using Asked = std::conditional_t<kWaits<T>, Ahead, Near>;  // one copy of what does not ask
  if constexpr (kIsK<F>)
    k_tile<F, Asked, T>(strip, x, y, y_stride);
  else
    legacy_tile<F, Asked, T>(strip, x, y, y_stride);
}

template <class F, class Ahead>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  with_tile_size(tokens, [&]<int T>() { tile<F, Ahead, T>(strip, x, y, y_stride); });
}

template <class Ahead>
struct Vnni {
  template <class F>
  static constexpr PackedKernel of() {
    return {F::kType, kIsK<F> ? RecordKind::int8_per_256 : RecordKind::int8_per_32, multiply<F, Ahead>};
  }
};

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 128, _mm512_setzero_si512(), _mm512_set1_epi8(1),
                   [](__m512i sum, __m512i a) { return _mm512_dpbusd_epi32(sum, a, a); });
}

template <class Ahead>
constexpr PackedKernels kKernels{.kernels = Int8Kernels<Vnni<Ahead>>::kAll,
                                 .count = Int8Kernels<Vnni<Ahead>>::kCount,
                                 .to_int8 = to_int8,
                                 .spin = spin};

}  // namespace

constinit const PackedKernels kAvx512VnniKernels = kKernels<Near>;
constinit const PackedKernels kAvx512VnniFarKernels = kKernels<NearAndFar>;

}  // namespace sirocco
