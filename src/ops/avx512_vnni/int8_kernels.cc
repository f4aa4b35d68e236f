// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations with vpdpbusd: sixteen rows a register, four columns a step,
// T tokens at once. Weights are unsigned codes; an offset is removed by starting each sum at -offset · Σ x.
// K types sum integers over 256 columns (exactly) and turn to float32 once; legacy types once per 32.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/tile.h"
#include "ops/avx512_vnni/int8_formats.h"
#include "ops/avx512_vnni/int8_records.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

// Registers hold the sums of one strip and a few tokens, or of two strips and kPartTokens: two strips share what is
// broadcast of x. So larger tiles are taken in parts.
constexpr int kPartTokens = 6;
struct Part {
  const Int8Record* x;  // its first token's first block
  int64_t stride;       // from block to block: the tile's tokens
  int index, count;     // of the tile's parts
};

template <int S>
using Lines = const uint8_t* const (&)[S];

// Whether a tile's sums fit into 32 registers beside those of a block and of a group. If not they lie in memory.
template <int S, int T>
constexpr bool kTotalsFit = 3 * S * T <= 24;

template <class F, class Ahead, int S, int T, int G>
inline void k_group(Lines<S> w, Asking<S>& asking, Lines<S> scales, const Int8Record* x, __m512i* sums) {
  if constexpr (S == 1) {
    constexpr int kAsked = (F::kBytes / 64 + kGroups<F> - 1) / kGroups<F>;  // lines
    prefetch<64 * kAsked, T, Ahead>(w[0] + 64 * kAsked * G);
  } else {
    asking.step();
  }
  __m512i acc[S][T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) {
    __m512i first = _mm512_setzero_si512();
    if constexpr (F::kOffsetLog2 != 0)
      first = _mm512_slli_epi32(
          dword(F::kGroup == 16 ? &x[t].negative_sums_16[G] : &x[t].negative_sums_32[G]), F::kOffsetLog2);
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) acc[s][t] = first;
  }
#pragma GCC unroll 8
  for (int q = 0; q < F::kGroup / 4; ++q) {
    __m512i codes[S];
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) codes[s] = F::template codes<G>(w[s], q);
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) {
      const __m512i four = dword(x[t].codes + G * F::kGroup + 4 * q);
#pragma GCC unroll 2
      for (int s = 0; s < S; ++s) acc[s][t] = _mm512_dpbusd_epi32(acc[s][t], codes[s], four);
    }
  }
#pragma GCC unroll 2
  for (int s = 0; s < S; ++s) {
    const __m512i scale = bytes_to_i32(scales[s] + 16 * G);
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t)
      sums[s * T + t] = _mm512_add_epi32(sums[s * T + t], _mm512_mullo_epi32(acc[s][t], scale));
  }
}

template <class F, class Ahead, int S, int T, int... G>
inline void k_groups(Lines<S> w, Asking<S>& asking, Lines<S> scales, const Int8Record* x, __m512i* sums) {
  (k_group<F, Ahead, S, T, G>(w, asking, scales, x, sums), ...);
}

// total += d · sums - d_min · Σ min · Σ x
template <class F, int T>
inline void k_block_end(const uint8_t* ds, const uint8_t* mins, const Int8Record* x, const __m512i* sums,
                        __m512* total) {
  const __m512 d = halves(ds);
  __m512 value[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) value[t] = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[t]), d);
  if constexpr (F::kMins) {
    constexpr int kPairs = kGroups<F> / 2;  // of groups, whose mins lie side by side
    __m512i min[kPairs];
#pragma GCC unroll 8
    for (int p = 0; p < kPairs; ++p)
      min[p] = _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(mins + 32 * p)));
    const __m512 d_min = halves(ds + 32);
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) {
      const int16_t* group = group_sums<F>(x[t]);
      __m512i offset = _mm512_setzero_si512();
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p) offset = _mm512_dpwssd_epi32(offset, min[p], dword(group + 2 * p));
      value[t] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(offset), d_min, value[t]);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) total[t] = _mm512_fmadd_ps(value[t], _mm512_set1_ps(x[t].scales[0]), total[t]);
}

template <class F, class Ahead, int S, int T>
void k_tile(const PackedStrip* strips, const Part& part, float* y, int64_t y_stride) {
  const int64_t blocks = strips[0].cols / kRecordColumns;
  Asking<S> asking(strips, kGroups<F> * blocks, part.index, part.count);
  const Int8Record* x = part.x;
  const uint8_t *w[S], *scales[S];
  for (int s = 0; s < S; ++s) w[s] = strips[s].lines;
  __m512 all[S * T];
  __m512* total = all;
  if constexpr (!kTotalsFit<S, T>) total = in_memory(all);
#pragma GCC unroll 24
  for (int i = 0; i < S * T; ++i) total[i] = _mm512_setzero_ps();
  for (int64_t b = 0; b < blocks; ++b, x += part.stride) {
    alignas(64) uint8_t unpacked[S][16 * kGroups<F>], mins[S][16 * kGroups<F>];
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) {
      scales[s] = w[s] + F::kScales;
      if constexpr (F::kPackedScales) {
        F::unpack_scales(scales[s], unpacked[s], mins[s]);
        scales[s] = unpacked[s];
      }
    }
    __m512i sums[S * T];
#pragma GCC unroll 24
    for (int i = 0; i < S * T; ++i) sums[i] = _mm512_setzero_si512();
    if constexpr (F::kGroup == 32)
      k_groups<F, Ahead, S, T, 0, 1, 2, 3, 4, 5, 6, 7>(w, asking, scales, x, sums);
    else
      k_groups<F, Ahead, S, T, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15>(w, asking, scales, x, sums);
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) {
      const uint8_t* ds = strips[s].scales + 32 * b;
      if constexpr (!F::kSplitD) ds = w[s] + F::kD;
      k_block_end<F, T>(ds, mins[s], x, sums + s * T, total + s * T);
      w[s] += F::kBytes;
    }
  }
#pragma GCC unroll 2
  for (int s = 0; s < S; ++s) store_tile<T>(strips[s], total + s * T, y + kStripRows * s, y_stride);
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

template <class F, class Ahead, int S, int T>
void legacy_tile(const PackedStrip* strips, const Part& part, float* y, int64_t y_stride) {
  const int64_t groups = strips[0].cols / 32;
  Asking<S> asking(strips, groups, part.index, part.count);
  const uint8_t *w[S], *scales[S];
  for (int s = 0; s < S; ++s) {
    w[s] = strips[s].lines;
    scales[s] = strips[s].scales;
  }
  __m512 total[S * T];
#pragma GCC unroll 24
  for (int i = 0; i < S * T; ++i) total[i] = _mm512_setzero_ps();
  for (int64_t group = 0; group < groups; ++group) {
    if constexpr (S == 1)
      prefetch<F::kBytes, T, Ahead>(w[0]);
    else
      asking.step();
    const Int8Record* record = part.x + group / 8 * part.stride;
    const int g = static_cast<int>(group % 8);
    constexpr int kQuads = 8 / kParts<F>;
#pragma GCC unroll 2
    for (int half = 0; half < kParts<F>; ++half) {
      __m512i acc[S][T];
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        __m512i first = _mm512_setzero_si512();
        if constexpr (F::kOffsetLog2 != 0)
          first = _mm512_slli_epi32(dword(F::kHalfGroups ? &record[t].negative_sums_16[2 * g + half]
                                                         : &record[t].negative_sums_32[g]),
                                    F::kOffsetLog2);
#pragma GCC unroll 2
        for (int s = 0; s < S; ++s) acc[s][t] = first;
      }
#pragma GCC unroll 8
      for (int q = half * kQuads; q < (half + 1) * kQuads; ++q) {
        __m512i codes[S];
#pragma GCC unroll 2
        for (int s = 0; s < S; ++s) codes[s] = F::codes(w[s], q);
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t) {
          const __m512i four = dword(record[t].codes + 32 * g + 4 * q);
#pragma GCC unroll 2
          for (int s = 0; s < S; ++s) acc[s][t] = _mm512_dpbusd_epi32(acc[s][t], codes[s], four);
        }
      }
#pragma GCC unroll 2
      for (int s = 0; s < S; ++s) {
        const __m512 d = F::scale(scales[s], half);
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t) {
          const __m512 scale = _mm512_mul_ps(d, _mm512_set1_ps(record[t].scales[g]));
          total[s * T + t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[s][t]), scale, total[s * T + t]);
        }
      }
    }
#pragma GCC unroll 2
    for (int s = 0; s < S; ++s) {
      if constexpr (F::kMins) {
        const __m512 m = halves(scales[s] + 32);
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t) {
          const float sum = static_cast<float>(-record[t].negative_sums_32[g]) * record[t].scales[g];
          total[s * T + t] = _mm512_fmadd_ps(_mm512_set1_ps(sum), m, total[s * T + t]);
        }
      }
      w[s] += F::kBytes;
      scales[s] += F::kScaleBytes;
    }
  }
#pragma GCC unroll 2
  for (int s = 0; s < S; ++s) store_tile<T>(strips[s], total + s * T, y + kStripRows * s, y_stride);
}

// ---- Dispatch over tile sizes -----------------------------------------------------------------------------

template <class F, class Ahead, int S, int T>
inline void tile(const PackedStrip* strips, const Part& part, float* y, int64_t y_stride) {
  if constexpr (kIsK<F>)
    k_tile<F, Ahead, S, T>(strips, part, y, y_stride);
  else
    legacy_tile<F, Ahead, S, T>(strips, part, y, y_stride);
}

template <class F>
void multiply_pair(const PackedStrip* strips, const Int8Record* x, int tokens, float* y, int64_t y_stride) {
  const int count = tokens > kPartTokens ? 2 : 1, size = tokens / count;
  if (size * count != tokens) __builtin_trap();
  for (int i = 0; i < count; ++i) {
    const Part part{x + i * size, tokens, i, count};
    with_tile_size(size, [&]<int T>() {
      if constexpr (T > kMemoryBoundTokens && T <= kPartTokens)
        tile<F, Near, 2, T>(strips, part, y + i * size * y_stride, y_stride);
      else
        __builtin_trap();
    });
  }
}

template <class F, class Ahead>
void multiply_strips(const PackedStrip* strips, int count, const void* records, int tokens, float* y,
                     int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  if (tokens <= kMemoryBoundTokens) {
    const Part whole{x, tokens, 0, 1};
    for (int s = 0; s < count; ++s, y += kStripRows) {
      if (tokens == 1)
        tile<F, Ahead, 1, 1>(strips + s, whole, y, y_stride);
      else
        tile<F, Ahead, 1, 2>(strips + s, whole, y, y_stride);
    }
    return;
  }
  for (; count >= 2; count -= 2, strips += 2, y += 2 * kStripRows) multiply_pair<F>(strips, x, tokens, y, y_stride);
  if (count == 0) return;
  PackedStrip twice[] = {strips[0], strips[0]};  // the last one runs beside itself, and only one is stored
  twice[1].rows = 0;
  multiply_pair<F>(twice, x, tokens, y, y_stride);
}

template <class F, class Ahead>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  multiply_strips<F, Ahead>(&strip, 1, records, tokens, y, y_stride);
}

template <class Ahead>
struct Vnni {
  template <class F>
  static constexpr PackedKernel of() {
    return {.dtype = F::kType,
            .records = kIsK<F> ? RecordKind::int8_per_256 : RecordKind::int8_per_32,
            .multiply = multiply<F, Ahead>,
            .multiply_strips = multiply_strips<F, Ahead>,
            .asks_ahead = true};
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
