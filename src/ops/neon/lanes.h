// SPDX-License-Identifier: Apache-2.0
// Registers and memory, and parts of registers. Internal linkage (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace sirocco {
namespace {

constexpr int kLanes = 4;

// The first `count` of four floats, zeros behind them; 4 or more gives all. Nothing else is read.
inline float32x4_t load_first(const float* p, int64_t count) {
  if (count >= kLanes) return vld1q_f32(p);
  float padded[kLanes] = {};
  for (int64_t i = 0; i < count; ++i) padded[i] = p[i];
  return vld1q_f32(padded);
}
inline void store_first(float* p, int64_t count, float32x4_t value) {
  if (count >= kLanes) return vst1q_f32(p, value);
  float all[kLanes];
  vst1q_f32(all, value);
  for (int64_t i = 0; i < count; ++i) p[i] = all[i];
}

// Of sixteen lanes, pairwise: i and i + 8, then i + 4, and so on.
inline float sum_lanes(const float32x4_t (&sum)[4]) {
  const float32x4_t four = vaddq_f32(vaddq_f32(sum[0], sum[2]), vaddq_f32(sum[1], sum[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

inline float32x4_t halves(const uint8_t* p) {
  uint16x4_t bits;
  __builtin_memcpy(&bits, p, sizeof bits);
  return vcvt_f32_f16(vreinterpret_f16_u16(bits));
}

}  // namespace
}  // namespace sirocco
