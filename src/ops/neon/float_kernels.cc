// SPDX-License-Identifier: Apache-2.0
// Packed bf16 and e4m3 weights times float32 activations by fused multiply-adds: four rows a register, eight rows
// and up to four tokens at once. Two sums per token, of even and of odd columns, are added at the end.
#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/tile.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

inline uint32x4_t dwords(const uint8_t* p) {
  return vreinterpretq_u32_u8(vld1q_u8(p));
}

struct Bf16 {
  static constexpr DType kType = DType::bf16;
  static constexpr int kBytes = 128;  // of four columns: two lines of two columns each
  // Columns 0 … 3 of four rows.
  static void columns(const uint8_t* w, float32x4_t (&value)[4]) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const uint32x4_t v = dwords(w + 64 * i);
      value[2 * i] = vreinterpretq_f32_u32(vshlq_n_u32(v, 16));
      value[2 * i + 1] = vreinterpretq_f32_u32(vandq_u32(v, vdupq_n_u32(0xffff0000u)));
    }
  }
};

// A dword holds columns 0, 2, 1, 3.
struct E4m3 {
  static constexpr DType kType = DType::f8_e4m3;
  static constexpr int kBytes = 64;
  // code: in the low byte of each dword, the rest arbitrary. Denormals are m · 2^-9, twice what the exponent
  // 2^-7 of a normal number makes of their bits beyond its 1.
  static float32x4_t widen(uint32x4_t code) {
    const uint32x4_t magnitude = vandq_u32(code, vdupq_n_u32(0x7f));
    const uint32x4_t bits = vaddq_u32(vshlq_n_u32(magnitude, 20), vdupq_n_u32(120u << 23));
    const float32x4_t normal = vreinterpretq_f32_u32(bits);
    const float32x4_t beyond = vsubq_f32(normal, vdupq_n_f32(0.0078125f));
    const uint32x4_t small = vcgtq_u32(vdupq_n_u32(8), magnitude);
    const float32x4_t value = vbslq_f32(small, vaddq_f32(beyond, beyond), normal);
    const uint32x4_t sign = vandq_u32(vshlq_n_u32(code, 24), vdupq_n_u32(0x80000000u));
    return vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(value), sign));
  }
  static void columns(const uint8_t* w, float32x4_t (&value)[4]) {
    const uint32x4_t v = dwords(w);
    value[0] = widen(v);
    value[2] = widen(vshrq_n_u32(v, 8));
    value[1] = widen(vshrq_n_u32(v, 16));
    value[3] = widen(vshrq_n_u32(v, 24));
  }
};

// Rows 8 · half … 8 · half + 7.
template <class F, int T>
void half_tile(const PackedStrip& strip, int half, const F32Record* x, int64_t stride, float* y,
               int64_t y_stride) {
  float32x4_t even[T][2], odd[T][2];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) even[t][0] = even[t][1] = odd[t][0] = odd[t][1] = vdupq_n_f32(0.0f);
  const uint8_t* w = strip.lines + 32 * half;
  for (int64_t begin = 0; begin < strip.cols; begin += kRecordColumns, x += stride) {
    const int64_t here = strip.cols - begin < kRecordColumns ? strip.cols - begin : kRecordColumns;
    for (int64_t k = 0; k < here; k += 4, w += F::kBytes) {
      float32x4_t at[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) at[t] = vld1q_f32(x[t].values + k);
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        float32x4_t value[4];
        F::columns(w + 16 * i, value);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) {
          even[t][i] = vfmaq_laneq_f32(even[t][i], value[0], at[t], 0);
          odd[t][i] = vfmaq_laneq_f32(odd[t][i], value[1], at[t], 1);
          even[t][i] = vfmaq_laneq_f32(even[t][i], value[2], at[t], 2);
          odd[t][i] = vfmaq_laneq_f32(odd[t][i], value[3], at[t], 3);
        }
      }
    }
  }
  for (int t = 0; t < T; ++t)
    for (int i = 0; i < 2; ++i)
      store_quarter(strip, 2 * half + i, vaddq_f32(even[t][i], odd[t][i]), y + t * y_stride);
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const F32Record*>(records);
  in_sub_tiles(tokens, [&]<int T>(int t) {
    for (int half = 0; 8 * half < strip.rows; ++half)
      half_tile<F, T>(strip, half, x + t, tokens, y + t * y_stride, y_stride);
  });
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 8, vdupq_n_f32(0.0f), vdupq_n_f32(1.0f),
                   [](float32x4_t sum, float32x4_t a) { return vfmaq_f32(sum, a, a); });
}

constexpr PackedKernel kKernels[] = {
    {Bf16::kType, RecordKind::f32, multiply<Bf16>, kLargestTile},
    {E4m3::kType, RecordKind::f32, multiply<E4m3>, kLargestTile},
};

}  // namespace

constinit const PackedKernels kNeonFloatKernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .spin = spin};

}  // namespace sirocco
