// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations in registers of eight rows: sixteen rows in two registers, four columns a
// line, up to four tokens at once, so that eight multiplications share four broadcasts and two lines. `Dot` says with
// which instructions. Few tokens take their codes straight from the packed bits; more share a panel of bytes, unpacked
// once for all of them. The integers, and the order of the float operations behind them, are those of the AVX-512
// kernels: results are the same to the bit.
// Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/int8_formats.h"
#include "ops/avx2/tile.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kLines = kRecordColumns / 4;
constexpr int kFewTokens = 2;  // that take no panel

// 256 columns of a strip: codes as bytes, and what multiplies their sums.
struct alignas(64) Panel {
  uint8_t codes[kLines * 64];
  int32_t scales[16 * kStripRows];      // [group, 16]: K types, integers as Dot wants them
  float float_scales[16 * kStripRows];  // [group, 16]: the others
  float mins[8 * kStripRows];
  const __m256i* line(int index) const { return reinterpret_cast<const __m256i*>(codes + 64 * index); }
};

// T tokens, sixteen rows.
template <int T>
using Sums = __m256i[T][2];
template <int T>
using Totals = __m256[T][2];

template <int T>
inline void clear(Sums<T>& acc) {
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) acc[t][0] = acc[t][1] = _mm256_setzero_si256();
}

// ---- K types: blocks of 256 columns -------------------------------------------------------------------

// Scales and mins in few bits are unpacked, others lie in the strip.
template <class F>
struct KScales {
  alignas(64) uint8_t unpacked[16 * kGroups<F>], mins[16 * kGroups<F>];
  const uint8_t* scales;
  explicit KScales(const uint8_t* w) : scales(w + F::kScales) {
    if constexpr (F::kPackedScales) {
      F::unpack_scales(scales, unpacked, mins);
      scales = unpacked;
    }
  }
  // Of eight rows, as Dot wants them.
  template <class Dot>
  __m256i of(int group, int half) const {
    return Dot::scale(bytes_to_i32(scales + 16 * group + 8 * half));
  }
};

// total += x's scale · (d · acc - d_min · Σ mins · Σ x); d and d_min of block b.
template <class F, int T>
inline void add_block(const PackedStrip& strip, int64_t b, const KScales<F>& scales, const Int8Record* x,
                      const Sums<T>& acc, Totals<T>& total) {
  constexpr int kPairs = kGroups<F> / 2;  // of groups, whose mins lie side by side
  const uint8_t* w = strip.lines + b * F::kBytes;
  const uint8_t* ds = strip.scales + 32 * b;
  if constexpr (!F::kSplitD) ds = w + F::kD;
#pragma GCC unroll 2
  for (int h = 0; h < 2; ++h) {
    const __m256 d = halves(ds + 16 * h);
    __m256i min[kPairs];
    __m256 d_min;
    if constexpr (F::kMins) {
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p)
        min[p] = _mm256_cvtepu8_epi16(
            _mm_load_si128(reinterpret_cast<const __m128i*>(scales.mins + 32 * p + 16 * h)));
      d_min = halves(ds + 32 + 16 * h);
    }
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(acc[t][h]), d);
      if constexpr (F::kMins) {
        const int16_t* sums = group_sums<F>(x[t]);
        __m256i offset = _mm256_madd_epi16(min[0], dword(sums));
#pragma GCC unroll 8
        for (int p = 1; p < kPairs; ++p)
          offset = _mm256_add_epi32(offset, _mm256_madd_epi16(min[p], dword(sums + 2 * p)));
        value = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(offset), d_min, value);
      }
      total[t][h] = _mm256_fmadd_ps(value, _mm256_set1_ps(x[t].scales[0]), total[t][h]);
    }
  }
}

// Groups in the order in which their lines lie.
template <class F>
constexpr int group_in_order(int i) {
  constexpr int kSixteens[] = {0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15};
  return F::kGroup == 32 ? i : kSixteens[i];
}

template <class Dot, class F, int T>
inline void k_few(const PackedStrip& strip, const Int8Record* x, Totals<T>& total) {
  const uint8_t* w = strip.lines;
  for (int64_t b = 0; b < strip.cols / kRecordColumns; ++b, w += F::kBytes, x += T) {
    const KScales<F> scales(w);
    Sums<T> acc;
    clear<T>(acc);
    for_each<kGroups<F>>([&]<int I>() {
      constexpr int G = group_in_order<F>(I);
      prefetch<F::kBytes, kGroups<F>, I>(w);
      const __m256i scale[2] = {scales.template of<Dot>(G, 0), scales.template of<Dot>(G, 1)};
      const auto codes = [w](int q, int h) { return F::template codes<G>(w + 32 * h, q); };
      Dot::template add_scaled<F, F::kGroup / 4, T>(codes, x, G * F::kGroup, scale, acc);
    });
    add_block<F, T>(strip, b, scales, x, acc, total);
  }
}

template <class Dot, class F>
void unpack(const uint8_t* w, const KScales<F>& scales, Panel& panel) {
  for_each<kGroups<F>>([&]<int I>() {
    constexpr int G = group_in_order<F>(I);
    prefetch<F::kBytes, kGroups<F>, I>(w);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      auto* out = reinterpret_cast<__m256i*>(panel.codes + 16 * F::kGroup * G) + h;
#pragma GCC unroll 8
      for (int q = 0; q < F::kGroup / 4; ++q)
        _mm256_store_si256(out + 2 * q, F::template codes<G>(w + 32 * h, q));
      _mm256_store_si256(reinterpret_cast<__m256i*>(panel.scales + 16 * G) + h, scales.template of<Dot>(G, h));
    }
  });
}

template <class Dot, class F, int T>
void k_panel(const PackedStrip& strip, int64_t b, const KScales<F>& scales, const Panel& panel,
             const Int8Record* x, Totals<T>& total) {
  constexpr int kGroupLines = F::kGroup / 4;
  Sums<T> acc;
  clear<T>(acc);
  for (int g = 0; g < kGroups<F>; ++g) {
    const auto* scales_of = reinterpret_cast<const __m256i*>(panel.scales + 16 * g);
    const __m256i scale[2] = {scales_of[0], scales_of[1]};
    const __m256i* lines = panel.line(kGroupLines * g);
    Dot::template add_scaled<F, kGroupLines, T>([lines](int q, int h) { return lines[2 * q + h]; }, x,
                                                F::kGroup * g, scale, acc);
  }
  add_block<F, T>(strip, b, scales, x, acc, total);
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

template <class F>
constexpr int kScaleStep = F::kScaleBytes == 16 || F::kHalfGroups ? 8 : 16;  // bytes of eight rows

// Group g of the record: codes(q, h), scale(part, h) and min(h).
template <class Dot, class F, int T, class Codes, class Scale, class Min>
inline void legacy_group(const Codes& codes, const Scale& scale, const Min& min, const Int8Record* x, int g,
                         Totals<T>& total) {
  constexpr int kPartLines = 8 / kParts<F>;
#pragma GCC unroll 2
  for (int part = 0; part < kParts<F>; ++part) {
    Sums<T> acc;
    clear<T>(acc);
    Dot::template add<F, kPartLines, T>([&](int q, int h) { return codes(part * kPartLines + q, h); }, x,
                                        32 * g + 4 * part * kPartLines, acc);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      const __m256 d = scale(part, h);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t)
        total[t][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[t][h]),
                                      _mm256_mul_ps(d, _mm256_set1_ps(x[t].scales[g])), total[t][h]);
    }
  }
  if constexpr (F::kMins) {
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      const __m256 sum = _mm256_set1_ps(static_cast<float>(-x[t].negative_sums_32[g]) * x[t].scales[g]);
      total[t][0] = _mm256_fmadd_ps(sum, min(0), total[t][0]);
      total[t][1] = _mm256_fmadd_ps(sum, min(1), total[t][1]);
    }
  }
}

template <class Dot, class F, int T>
inline void legacy_few(const PackedStrip& strip, const Int8Record* x, Totals<T>& total) {
  const uint8_t *w = strip.lines, *s = strip.scales;
  for (int64_t group = 0; group < strip.cols / 32; ++group, w += F::kBytes, s += F::kScaleBytes) {
    prefetch<F::kBytes>(w);
    legacy_group<Dot, F, T>([w](int q, int h) { return F::codes(w + 32 * h, q); },
                       [s](int part, int h) { return F::scale(s + kScaleStep<F> * h, part); },
                       [s](int h) { return halves(s + 32 + 16 * h); }, x + group / 8 * T,
                       static_cast<int>(group % 8), total);
  }
}

template <class F>
void unpack(const PackedStrip& strip, int64_t group, int groups, Panel& panel) {
  const uint8_t* w = strip.lines + group * F::kBytes;
  const uint8_t* s = strip.scales + group * F::kScaleBytes;
  for (int g = 0; g < groups; ++g, w += F::kBytes, s += F::kScaleBytes) {
    prefetch<F::kBytes>(w);
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      auto* out = reinterpret_cast<__m256i*>(panel.codes + 512 * g) + h;
#pragma GCC unroll 8
      for (int q = 0; q < 8; ++q) _mm256_store_si256(out + 2 * q, F::codes(w + 32 * h, q));
      for (int part = 0; part < kParts<F>; ++part)
        _mm256_store_ps(panel.float_scales + 16 * (kParts<F> * g + part) + 8 * h,
                        F::scale(s + kScaleStep<F> * h, part));
      if constexpr (F::kMins) _mm256_store_ps(panel.mins + 16 * g + 8 * h, halves(s + 32 + 16 * h));
    }
  }
}

template <class Dot, class F, int T>
void legacy_panel(const Panel& panel, int groups, const Int8Record* x, Totals<T>& total) {
  for (int g = 0; g < groups; ++g) {
    const __m256i* lines = panel.line(8 * g);
    const float *scales = panel.float_scales + 16 * kParts<F> * g, *mins = panel.mins + 16 * g;
    legacy_group<Dot, F, T>([lines](int q, int h) { return lines[2 * q + h]; },
                       [scales](int part, int h) { return _mm256_load_ps(scales + 16 * part + 8 * h); },
                       [mins](int h) { return _mm256_load_ps(mins + 8 * h); }, x, g, total);
  }
}

// ---- Both -------------------------------------------------------------------------------------------------

template <class Dot, class F, int T>
void few(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  Totals<T> total;
  for (auto& row : total) row[0] = row[1] = _mm256_setzero_ps();
  if constexpr (kIsK<F>)
    k_few<Dot, F, T>(strip, x, total);
  else
    legacy_few<Dot, F, T>(strip, x, total);
  store_rows(strip, total, T, y, y_stride);
}

template <class Dot, class F>
void many(const PackedStrip& strip, const Int8Record* x, int tokens, float* y, int64_t y_stride) {
  Panel panel;
  __m256 total[kLargestTile][2];
  for (int t = 0; t < tokens; ++t) total[t][0] = total[t][1] = _mm256_setzero_ps();
  const auto part_of = [&]<int T>(int t) -> Totals<T>& { return *reinterpret_cast<Totals<T>*>(total + t); };
  for (int64_t b = 0; b * kRecordColumns < strip.cols; ++b, x += tokens) {
    if constexpr (kIsK<F>) {
      const uint8_t* w = strip.lines + b * F::kBytes;
      const KScales<F> scales(w);
      unpack<Dot, F>(w, scales, panel);
      in_sub_tiles(tokens, [&]<int T>(int t) {
        k_panel<Dot, F, T>(strip, b, scales, panel, x + t, part_of.template operator()<T>(t));
      });
    } else {
      const int64_t left = strip.cols / 32 - 8 * b;
      const int groups = left < 8 ? static_cast<int>(left) : 8;
      unpack<F>(strip, 8 * b, groups, panel);
      in_sub_tiles(tokens, [&]<int T>(int t) {
        legacy_panel<Dot, F, T>(panel, groups, x + t, part_of.template operator()<T>(t));
      });
    }
  }
  store_rows(strip, total, tokens, y, y_stride);
}

template <class Dot, class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  if (tokens == 1) return few<Dot, F, 1>(strip, x, y, y_stride);
  if (tokens == kFewTokens) return few<Dot, F, kFewTokens>(strip, x, y, y_stride);
  many<Dot, F>(strip, x, tokens, y, y_stride);
}

template <class Dot>
struct Int8Kernels {
  template <class F>
  static constexpr PackedKernel of() {
    constexpr RecordKind kRecords = kIsK<F> ? RecordKind::int8_per_256 : RecordKind::int8_per_32;
    return {F::kType, kRecords, multiply<Dot, F>, kLargestTile};
  }
  static constexpr PackedKernel kAll[] = {
      of<Q2K>(),    of<Q3K>(),  of<Q4K>(),   of<Q5K>(), of<Q6K>(), of<Iq2Xxs>(), of<Iq2Xs>(), of<Iq2S>(),  of<Iq3Xxs>(),
      of<Iq3S>(),   of<Iq4Xs>(), of<Q80>(),  of<Q40>(), of<Q41>(), of<Q50>(),    of<Q51>(),   of<Iq4Nl>(), of<Mxfp4>(),
      of<Nvfp4>(), of<Nvfp4Packed>(),
  };
  static constexpr int kCount = sizeof kAll / sizeof kAll[0];
};

}  // namespace
}  // namespace sirocco
