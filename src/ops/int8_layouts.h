// SPDX-License-Identifier: Apache-2.0
// Where the packed int8 block types keep what (src/ops/pack.h), the same for every instruction set; a kernel's format
// adds how it reads the codes. Constants alone: part of the contract that ISA files include.
#pragma once

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

template <class F>
inline constexpr int kGroups = 256 / F::kGroup;  // of a block of a K type

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
