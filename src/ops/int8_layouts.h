// SPDX-License-Identifier: Apache-2.0
// Where the packed int8 block types keep what (src/ops/pack.h), the same for every instruction set; a kernel's format
// adds how it reads the codes. Part of the contract that ISA files include.
#pragma once

#include "ops/packed.h"
#include "tensor/dtype.h"

namespace sirocco {

// K types: blocks of 256 columns, integer scales for groups of kGroup at kScales bytes; kPackedScales: in fewer bits
// than a byte. kSplitD: d lies apart; else d and d_min lie at kD bytes.
struct Q2KLayout {
  static constexpr DType kType = DType::q2_k;
  static constexpr int kBytes = 1344, kGroup = 16, kScales = 0, kD = 256;
  static constexpr bool kPackedScales = true, kMins = true, kSplitD = false;
};
struct Q3KLayout {
  static constexpr DType kType = DType::q3_k;
  static constexpr int kBytes = 1728, kGroup = 16, kScales = 0;
  static constexpr bool kPackedScales = true, kMins = false, kSplitD = true;
};
struct Q4KLayout {
  static constexpr DType kType = DType::q4_k;
  static constexpr int kBytes = 2304, kGroup = 32, kScales = 0, kD = 192;
  static constexpr bool kPackedScales = true, kMins = true, kSplitD = false;
};
struct Q5KLayout : Q4KLayout {
  static constexpr DType kType = DType::q5_k;
  static constexpr int kBytes = 2816;
};
struct Q6KLayout {
  static constexpr DType kType = DType::q6_k;
  static constexpr int kBytes = 3328, kGroup = 16, kScales = 0;
  static constexpr bool kPackedScales = false, kMins = false, kSplitD = true;
};
struct Iq4XsLayout {
  static constexpr DType kType = DType::iq4_xs;
  static constexpr int kBytes = 2176, kGroup = 32, kScales = 2048;
  static constexpr bool kPackedScales = false, kMins = false, kSplitD = true;
};

// Types whose magnitudes are looked up: lines of scales, of the indices' upper bits (kHighBits for each), of signs, a
// bit for each column, and of the indices' lower eight bits, for kColumns columns each. The scales are 2 · s + 1.
template <int Group, int HighBits, int Columns>
struct GridLayout {
  static constexpr int kGroup = Group, kScales = 0, kHighBits = HighBits, kColumns = Columns;
  static constexpr int kHigh = Group == 16 ? 2 : 1, kSigns = kHigh + (HighBits > 0 ? 2 : 0), kIndices = kSigns + 8;
  static constexpr int kBytes = 64 * (kIndices + 64 / Columns);
  static constexpr bool kPackedScales = true, kMins = false, kSplitD = true;
};
struct Iq2XxsLayout : GridLayout<32, 0, 8> {
  static constexpr DType kType = DType::iq2_xxs;
};
struct Iq2XsLayout : GridLayout<16, 2, 8> {
  static constexpr DType kType = DType::iq2_xs;
};
struct Iq2SLayout : GridLayout<16, 2, 8> {
  static constexpr DType kType = DType::iq2_s;
};
struct Iq3XxsLayout : GridLayout<32, 0, 4> {
  static constexpr DType kType = DType::iq3_xxs;
};
struct Iq3SLayout : GridLayout<32, 1, 4> {
  static constexpr DType kType = DType::iq3_s;
};

// Where line q of group G of such a type is looked up: of 32 columns (`thirty_two`) the four from 4 · `four` on.
template <class F, int G>
struct GridPlace {
  static constexpr int kThirtyTwo = G * F::kGroup / 32, kFirst = G * F::kGroup % 32 / 4;
  static constexpr int four(int q) { return kFirst + q; }
  static constexpr int entry(int q) { return four(q) * 4 / F::kColumns; }
  static constexpr int index_line(int q) { return F::kIndices + kThirtyTwo * 8 / F::kColumns + entry(q) / 4; }
  static constexpr int index_shift(int q) { return 8 * (entry(q) % 4); }
  static constexpr int kHighLine = F::kHigh + kThirtyTwo / 4;
  static constexpr int high_shift(int q) { return 8 * (kThirtyTwo % 4) + F::kHighBits * entry(q); }
  static constexpr int kHighMask = (1 << F::kHighBits) - 1;
  static constexpr int kSignLine = F::kSigns + kThirtyTwo;
};

template <class F>
inline constexpr int kGroups = 256 / F::kGroup;  // of a block of a K type
// Sums of x over the groups of a K type. F is a format of one ISA file, and so is this.
template <class F>
inline const int16_t* group_sums(const Int8Record& x) {
  return F::kGroup == 32 ? x.sums_32 : x.sums_16;
}
template <class F>
inline constexpr bool kIsK = requires { F::kGroup; };
template <class F>
inline constexpr int kParts = F::kHalfGroups ? 2 : 1;  // of 32 columns of another type, with a scale each

// Types of 32 columns with kScaleBytes of float scales apart; kHalfGroups: a scale for each 16 columns.
struct Q40Layout {
  static constexpr DType kType = DType::q4_0;
  static constexpr int kBytes = 256, kScaleBytes = 32;
  static constexpr bool kMins = false, kHalfGroups = false;
};
struct Q41Layout : Q40Layout {
  static constexpr DType kType = DType::q4_1;
  static constexpr int kScaleBytes = 64;
  static constexpr bool kMins = true;
};
struct Q50Layout : Q40Layout {
  static constexpr DType kType = DType::q5_0;
  static constexpr int kBytes = 320;
};
struct Q51Layout : Q50Layout {
  static constexpr DType kType = DType::q5_1;
  static constexpr int kScaleBytes = 64;
  static constexpr bool kMins = true;
};
struct Q80Layout : Q40Layout {
  static constexpr DType kType = DType::q8_0;
  static constexpr int kBytes = 512;
};
struct Iq4NlLayout : Q40Layout {
  static constexpr DType kType = DType::iq4_nl;
};
struct Mxfp4Layout : Q40Layout {
  static constexpr DType kType = DType::mxfp4;
  static constexpr int kScaleBytes = 16;
};
struct Nvfp4Layout : Q40Layout {
  static constexpr DType kType = DType::nvfp4;
  static constexpr bool kHalfGroups = true;
};
struct Nvfp4PackedLayout : Nvfp4Layout {
  static constexpr DType kType = DType::nvfp4_packed;
};

}  // namespace sirocco
