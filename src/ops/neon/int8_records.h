// SPDX-License-Identifier: Apache-2.0
// Activations as int8 records for NEON, whose codes are signed: the sums that take offsets off are not filled,
// but for those that mins need. Internal linkage (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "ops/packed.h"

namespace sirocco {
namespace {

inline float largest(const float* x, int64_t count) {
  float32x4_t most = vdupq_n_f32(0.0f);
  for (int64_t i = 0; i < count; i += 4) most = vmaxq_f32(most, vabsq_f32(vld1q_f32(x + i)));
  return vmaxvq_f32(most);
}

// 16 numbers times `inverse`, rounded to nearest, ties to even.
inline int8x16_t narrow_16(const float* x, float inverse) {
  const auto eight = [&](int i) {
    const int32x4_t a = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i), inverse));
    const int32x4_t b = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + i + 4), inverse));
    return vqmovn_s16(vcombine_s16(vqmovn_s32(a), vqmovn_s32(b)));
  };
  return vcombine_s8(eight(0), eight(8));
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
      const float inverse = range > 0.0f ? 127.0f / range : 0.0f;
      record.scales[g] = range / 127.0f;
      int sum = 0;
      for (int i = 0; i < 32; i += 16) {
        const int8x16_t codes = exists ? narrow_16(group + i, inverse) : vdupq_n_s8(0);
        vst1q_s8(record.codes + 32 * g + i, codes);
        const int16_t half = vaddlvq_s8(codes);
        record.sums_16[2 * g + i / 16] = half;
        sum += half;
      }
      record.negative_sums_32[g] = -sum;
      record.sums_32[g] = static_cast<int16_t>(sum);
    }
  }
}

}  // namespace
}  // namespace sirocco
