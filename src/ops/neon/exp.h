// SPDX-License-Identifier: Apache-2.0
// The exponential of four lanes. Internal linkage (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

namespace sirocco {
namespace {

// e^x for x <= 88: 2^n · e^r with |r| <= ln 2 / 2 and a polynomial of degree 6; below -87.3 it is 0.
inline float32x4_t exp_lanes(float32x4_t x) {
  const float32x4_t bounded = vmaxq_f32(x, vdupq_n_f32(-88.0f));
  const float32x4_t n = vrndnq_f32(vmulq_n_f32(bounded, 1.44269504f));
  float32x4_t r = vfmsq_n_f32(bounded, n, 0.693359375f);
  r = vfmsq_n_f32(r, n, -2.12194440e-4f);
  float32x4_t e = vdupq_n_f32(1.3981999507e-3f);
  e = vfmaq_f32(vdupq_n_f32(8.3334519073e-3f), e, r);
  e = vfmaq_f32(vdupq_n_f32(4.1665795894e-2f), e, r);
  e = vfmaq_f32(vdupq_n_f32(1.6666665459e-1f), e, r);
  e = vfmaq_f32(vdupq_n_f32(5.0000001201e-1f), e, r);
  e = vfmaq_f32(vaddq_f32(r, vdupq_n_f32(1.0f)), vmulq_f32(r, r), e);
  const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  e = vmulq_f32(e, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)));
  const uint32x4_t normal = vcgeq_f32(x, vdupq_n_f32(-87.3f));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(e), normal));
}

}  // namespace
}  // namespace sirocco
