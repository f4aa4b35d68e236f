// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations: sixteen rows in four registers, four columns a line, up to four tokens
// at once. A group's products are summed in integers; `Dot` says with which instruction. One or two tokens take
// their codes straight from the packed bits by sdot; more share a panel of bytes, unpacked once for all of them, in
// the order that Dot wants. The order of the float operations is that of the other instruction sets.
// Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/int8_formats.h"
#include "ops/neon/tile.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kColumnsALine = 4;
constexpr int kPanelLines = kRecordColumns / kColumnsALine;
constexpr int kFewTokens = 2;  // that take no panel

// One line's codes of sixteen rows.
using Line = int8x16_t[kQuarters];
// T tokens, sixteen rows.
template <int T>
using Sums = int32x4_t[T][kQuarters];
using Total = float32x4_t[kQuarters];  // of one token

// 256 columns of a strip: codes as bytes, and what multiplies their sums.
struct alignas(64) Panel {
  int8_t codes[kPanelLines * 64];
  int8_t scales[16 * kStripRows];        // [group, 16]: K types, integers
  float float_scales[16 * kStripRows];  // [group, 16]: the others
  float mins[8 * kStripRows];
};

template <int T>
inline void clear(Sums<T>& sums) {
  for (auto& token : sums)
    for (auto& sum : token) sum = vdupq_n_s32(0);
}

// sums[t] = Σ over Lines lines, from `column` of the record on; lines(q, i): quarter i of line q.
template <int Lines, int T, class Codes>
inline void sdot_lines(const Codes& lines, const Int8Record* x, int column, Sums<T>& sums) {
  static_assert(Lines % 4 == 0);
  clear<T>(sums);
#pragma GCC unroll 2
  for (int first = 0; first < Lines; first += 4) {
    int8x16_t value[T];
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) value[t] = vld1q_s8(x[t].codes + column + kColumnsALine * first);
#pragma GCC unroll 4
    for (int i = 0; i < kQuarters; ++i) {
      const int8x16_t w[4] = {lines(first, i), lines(first + 1, i), lines(first + 2, i), lines(first + 3, i)};
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        int32x4_t sum = sums[t][i];
        sum = vdotq_laneq_s32(sum, w[0], value[t], 0);
        sum = vdotq_laneq_s32(sum, w[1], value[t], 1);
        sum = vdotq_laneq_s32(sum, w[2], value[t], 2);
        sums[t][i] = vdotq_laneq_s32(sum, w[3], value[t], 3);
      }
    }
  }
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
  const int8_t* group(int g) const { return reinterpret_cast<const int8_t*>(scales) + kStripRows * g; }
};

// acc[t] += scales ⊙ sums[t]; scales: sixteen rows' bytes.
template <int T>
inline void add_scaled(const Sums<T>& sums, const int8_t* scales, Sums<T>& acc) {
  const int8x16_t bytes = vld1q_s8(scales);
  const int16x8_t low = vmovl_s8(vget_low_s8(bytes)), high = vmovl_high_s8(bytes);
  const int32x4_t wide[kQuarters] = {vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low),
                                     vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)};
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t)
#pragma GCC unroll 4
    for (int i = 0; i < kQuarters; ++i) acc[t][i] = vmlaq_s32(acc[t][i], sums[t][i], wide[i]);
}

// offset[i] += Σ mins · Σ x over the groups 2 · pair and 2 · pair + 1.
inline void add_mins(const uint8_t* mins, int pair, const int16_t* sums, int32x4_t (&offset)[kQuarters]) {
  const uint8x16x2_t both = vld2q_u8(mins + 32 * pair);
#pragma GCC unroll 2
  for (int g = 0; g < 2; ++g) {
    const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(both.val[g])));
    const int16x8_t high = vreinterpretq_s16_u16(vmovl_high_u8(both.val[g]));
    const int16_t sum = sums[2 * pair + g];
    offset[0] = vmlal_n_s16(offset[0], vget_low_s16(low), sum);
    offset[1] = vmlal_high_n_s16(offset[1], low, sum);
    offset[2] = vmlal_n_s16(offset[2], vget_low_s16(high), sum);
    offset[3] = vmlal_high_n_s16(offset[3], high, sum);
  }
}

// total += x's scale · (d · acc - d_min · Σ mins · Σ x); d and d_min of block b.
template <class F, int T>
inline void add_block(const PackedStrip& strip, int64_t b, const KScales<F>& scales, const Int8Record* x,
                      const Sums<T>& acc, Total* total) {
  const uint8_t* w = strip.lines + b * F::kBytes;
  const uint8_t* ds = strip.scales + 32 * b;
  if constexpr (!F::kSplitD) ds = w + F::kD;
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    int32x4_t offset[kQuarters];
    if constexpr (F::kMins) {
      for (auto& sum : offset) sum = vdupq_n_s32(0);
      const int16_t* sums = group_sums<F>(x[t]);
#pragma GCC unroll 8
      for (int p = 0; p < kGroups<F> / 2; ++p) add_mins(scales.mins, p, sums, offset);
    }
#pragma GCC unroll 4
    for (int i = 0; i < kQuarters; ++i) {
      float32x4_t value = vmulq_f32(vcvtq_f32_s32(acc[t][i]), halves(ds + 8 * i));
      if constexpr (F::kMins)
        value = vfmsq_f32(value, vcvtq_f32_s32(offset[i]), halves(ds + 32 + 8 * i));
      total[t][i] = vfmaq_n_f32(total[t][i], value, x[t].scales[0]);
    }
  }
}

template <class F, int T>
void k_few(const PackedStrip& strip, const Int8Record* x, Total* total) {
  const uint8_t* w = strip.lines;
  for (int64_t b = 0; b < strip.cols / kRecordColumns; ++b, w += F::kBytes, x += T) {
    const KScales<F> scales(w);
    Sums<T> acc, sums;
    clear<T>(acc);
    for_each<kGroups<F>>([&]<int G>() {
      sdot_lines<F::kGroup / kColumnsALine, T>(
          [w](int q, int i) { return F::template codes<G>(w + 16 * i, q); }, x, G * F::kGroup, sums);
      add_scaled<T>(sums, scales.group(G), acc);
    });
    add_block<F, T>(strip, b, scales, x, acc, total);
  }
}

template <class Dot, class F>
void unpack(const uint8_t* w, const KScales<F>& scales, Panel& panel) {
  constexpr int kLines = F::kGroup / kColumnsALine;
  for_each<kGroups<F>>([&]<int G>() {
    Dot::template store<kLines>([w](int q, int i) { return F::template codes<G>(w + 16 * i, q); },
                                panel.codes + 16 * F::kGroup * G);
    vst1q_s8(panel.scales + kStripRows * G, vld1q_s8(scales.group(G)));
  });
}

template <class Dot, class F, int T>
void k_panel(const PackedStrip& strip, int64_t b, const KScales<F>& scales, const Panel& panel,
             const Int8Record* x, Total* total) {
  Sums<T> acc, sums;
  clear<T>(acc);
  for (int g = 0; g < kGroups<F>; ++g) {
    Dot::template sums<F::kGroup / kColumnsALine, T>(panel.codes + 16 * F::kGroup * g, x, F::kGroup * g, sums);
    add_scaled<T>(sums, panel.scales + kStripRows * g, acc);
  }
  add_block<F, T>(strip, b, scales, x, acc, total);
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

template <class F>
constexpr int kPartLines = 32 / kColumnsALine / kParts<F>;
template <class F>
constexpr int kScaleStep = F::kScaleBytes == 16 || F::kHalfGroups ? 4 : 8;  // bytes of four rows

// total += scale · x's scale · sums, of group g of the record; scale(i) of quarter i.
template <int T, class Scale>
inline void add_part(const Sums<T>& sums, const Scale& scale, const Int8Record* x, int g, Total* total) {
#pragma GCC unroll 4
  for (int i = 0; i < kQuarters; ++i) {
    const float32x4_t d = scale(i);
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
      total[t][i] = vfmaq_f32(total[t][i], vcvtq_f32_s32(sums[t][i]), vmulq_n_f32(d, x[t].scales[g]));
  }
}

template <int T, class Min>
inline void add_min(const Min& min, const Int8Record* x, int g, Total* total) {
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    const float sum = static_cast<float>(-x[t].negative_sums_32[g]) * x[t].scales[g];
#pragma GCC unroll 4
    for (int i = 0; i < kQuarters; ++i) total[t][i] = vfmaq_n_f32(total[t][i], min(i), sum);
  }
}

template <class F, int T>
void legacy_few(const PackedStrip& strip, const Int8Record* records, Total* total) {
  const uint8_t *w = strip.lines, *s = strip.scales;
  for (int64_t group = 0; group < strip.cols / 32; ++group, w += F::kBytes, s += F::kScaleBytes) {
    const Int8Record* x = records + group / 8 * T;
    const int g = static_cast<int>(group % 8);
    for_each<kParts<F>>([&]<int Part>() {
      Sums<T> sums;
      sdot_lines<kPartLines<F>, T>(
          [w](int q, int i) { return F::codes(w + 16 * i, Part * kPartLines<F> + q); }, x,
          32 * g + 32 / kParts<F> * Part, sums);
      add_part<T>(sums, [s](int i) { return F::scale(s + kScaleStep<F> * i, Part); }, x, g, total);
    });
    if constexpr (F::kMins) add_min<T>([s](int i) { return halves(s + 32 + 8 * i); }, x, g, total);
  }
}

template <class Dot, class F>
void unpack(const PackedStrip& strip, int64_t group, int groups, Panel& panel) {
  const uint8_t* w = strip.lines + group * F::kBytes;
  const uint8_t* s = strip.scales + group * F::kScaleBytes;
  for (int g = 0; g < groups; ++g, w += F::kBytes, s += F::kScaleBytes) {
    Dot::template store<8>([w](int q, int i) { return F::codes(w + 16 * i, q); }, panel.codes + 512 * g);
#pragma GCC unroll 4
    for (int i = 0; i < kQuarters; ++i) {
      for (int part = 0; part < kParts<F>; ++part)
        vst1q_f32(panel.float_scales + 16 * (kParts<F> * g + part) + 4 * i,
                  F::scale(s + kScaleStep<F> * i, part));
      if constexpr (F::kMins) vst1q_f32(panel.mins + 16 * g + 4 * i, halves(s + 32 + 8 * i));
    }
  }
}

template <class Dot, class F, int T>
void legacy_panel(const Panel& panel, int groups, const Int8Record* x, Total* total) {
  for (int g = 0; g < groups; ++g) {
    for (int part = 0; part < kParts<F>; ++part) {
      const int index = kParts<F> * g + part;  // of the parts in the panel
      Sums<T> sums;
      Dot::template sums<kPartLines<F>, T>(panel.codes + 64 * kPartLines<F> * index, x,
                                           kColumnsALine * kPartLines<F> * index, sums);
      add_part<T>(sums, [&](int i) { return vld1q_f32(panel.float_scales + 16 * index + 4 * i); }, x, g, total);
    }
    if constexpr (F::kMins)
      add_min<T>([&](int i) { return vld1q_f32(panel.mins + 16 * g + 4 * i); }, x, g, total);
  }
}

// ---- Both -------------------------------------------------------------------------------------------------

inline void store_rows(const PackedStrip& strip, const Total* total, int tokens, float* y, int64_t y_stride) {
  for (int t = 0; t < tokens; ++t)
    for (int i = 0; i < kQuarters; ++i) store_quarter(strip, i, total[t][i], y + t * y_stride);
}

template <class F, int T>
void few(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  Total total[T];
  for (auto& token : total)
    for (auto& sum : token) sum = vdupq_n_f32(0.0f);
  if constexpr (kIsK<F>)
    k_few<F, T>(strip, x, total);
  else
    legacy_few<F, T>(strip, x, total);
  store_rows(strip, total, T, y, y_stride);
}

template <class Dot, class F>
void many(const PackedStrip& strip, const Int8Record* x, int tokens, float* y, int64_t y_stride) {
  Panel panel;
  Total total[kLargestTile];
  for (int t = 0; t < tokens; ++t)
    for (auto& sum : total[t]) sum = vdupq_n_f32(0.0f);
  for (int64_t b = 0; b * kRecordColumns < strip.cols; ++b, x += tokens) {
    if constexpr (kIsK<F>) {
      const uint8_t* w = strip.lines + b * F::kBytes;
      const KScales<F> scales(w);
      unpack<Dot, F>(w, scales, panel);
      in_sub_tiles(tokens,
                   [&]<int T>(int t) { k_panel<Dot, F, T>(strip, b, scales, panel, x + t, total + t); });
    } else {
      const int64_t left = strip.cols / 32 - 8 * b;
      const int groups = left < 8 ? static_cast<int>(left) : 8;
      unpack<Dot, F>(strip, 8 * b, groups, panel);
      in_sub_tiles(tokens, [&]<int T>(int t) { legacy_panel<Dot, F, T>(panel, groups, x + t, total + t); });
    }
  }
  store_rows(strip, total, tokens, y, y_stride);
}

template <class Dot, class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  if (tokens == 1) return few<F, 1>(strip, x, y, y_stride);
  if (tokens == kFewTokens) return few<F, kFewTokens>(strip, x, y, y_stride);
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
      of<Iq2Xxs>(), of<Iq2Xs>(), of<Iq2S>(), of<Iq3Xxs>(), of<Iq3S>(),
      of<Q2K>(), of<Q3K>(), of<Q4K>(), of<Q5K>(),   of<Q6K>(),   of<Iq4Xs>(), of<Q80>(),         of<Q40>(),
      of<Q41>(), of<Q50>(), of<Q51>(), of<Iq4Nl>(), of<Mxfp4>(), of<Nvfp4>(), of<Nvfp4Packed>(),
  };
  static constexpr int kCount = sizeof kAll / sizeof kAll[0];
};

}  // namespace
}  // namespace sirocco
