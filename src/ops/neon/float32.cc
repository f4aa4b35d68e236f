// SPDX-License-Identifier: Apache-2.0
// The float32 kernels in NEON: four registers are the 16 partial sums of the definition.
#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/exp.h"
#include "ops/neon/lanes.h"
#include "ops/table.h"

namespace sirocco {
namespace {

constexpr int kSums = 4;  // registers of one dot product

// T rows of x against R rows of w, sixteen partial sums each.
template <int T, int R>
inline void product_tile(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t size,
                         float* y, int64_t y_stride) {
  float32x4_t sum[T][R][kSums];
  for (auto& rows : sum)
    for (auto& row : rows)
      for (auto& part : row) part = vdupq_n_f32(0.0f);
  const auto add = [&](int64_t k, int part, auto load) {
    float32x4_t row[R];
    for (int r = 0; r < R; ++r) row[r] = load(w + r * w_stride + k);
    for (int t = 0; t < T; ++t) {
      const float32x4_t value = load(x + t * x_stride + k);
      for (int r = 0; r < R; ++r) sum[t][r][part] = vfmaq_f32(sum[t][r][part], value, row[r]);
    }
  };
  int64_t k = 0;
  for (; k + kSums * kLanes <= size; k += kSums * kLanes)
#pragma GCC unroll 4
    for (int part = 0; part < kSums; ++part)
      add(k + part * kLanes, part, [](const float* p) { return vld1q_f32(p); });
  for (int part = 0; k < size; ++part, k += kLanes)
    add(k, part, [left = size - k](const float* p) { return load_first(p, left); });
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r) y[t * y_stride + r] = sum_lanes(sum[t][r]);
}

template <int T>
inline void product_rows(const float* x, int64_t x_stride, View<const float> w, float* y, int64_t y_stride) {
  int64_t r = 0;
  for (; r + 2 <= w.rows; r += 2)
    product_tile<T, 2>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
  for (; r < w.rows; ++r)
    product_tile<T, 1>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
}

void product(View<const float> x, View<const float> w, View<float> y) {
  int64_t t = 0;
  for (; t + 3 <= x.rows; t += 3)
    product_rows<3>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
  for (; t < x.rows; ++t)
    product_rows<1>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
}

// Columns of v, four of them or as many as there are.
template <int T>
inline void accumulate_tile(const float* p, int64_t p_stride, int64_t count, const float* v, int64_t v_stride,
                            int64_t cols, float* y, int64_t y_stride) {
  float32x4_t sum[T];
  for (int t = 0; t < T; ++t) sum[t] = load_first(y + t * y_stride, cols);
  for (int64_t l = 0; l < count; ++l) {
    const float32x4_t row = load_first(v + l * v_stride, cols);
    for (int t = 0; t < T; ++t) sum[t] = vfmaq_n_f32(sum[t], row, p[t * p_stride + l]);
  }
  for (int t = 0; t < T; ++t) store_first(y + t * y_stride, cols, sum[t]);
}

void accumulate(View<const float> p, View<const float> v, View<float> y) {
  for (int64_t c = 0; c < v.cols; c += kLanes) {
    int64_t t = 0;
    for (; t + 8 <= p.rows; t += 8)
      accumulate_tile<8>(p.data + t * p.stride, p.stride, p.cols, v.data + c, v.stride, v.cols - c,
                         y.data + t * y.stride + c, y.stride);
    for (; t < p.rows; ++t)
      accumulate_tile<1>(p.data + t * p.stride, p.stride, p.cols, v.data + c, v.stride, v.cols - c,
                         y.data + t * y.stride + c, y.stride);
  }
}

void rms_norm(const float* x, const float* w, int64_t size, float eps, float* y) {
  float squares = 0.0f;
  product_tile<1, 1>(x, 0, x, 0, size, &squares, 0);
  const float mean = squares / static_cast<float>(size);
  const float inverse = 1.0f / __builtin_sqrtf(mean + eps);
  for (int64_t i = 0; i < size; i += kLanes) {
    const float32x4_t scaled = vmulq_n_f32(load_first(x + i, size - i), inverse);
    store_first(y + i, size - i, vmulq_f32(scaled, load_first(w + i, size - i)));
  }
}

void swiglu(const float* gate, const float* up, int64_t size, float* y) {
  const float32x4_t one = vdupq_n_f32(1.0f), limit = vdupq_n_f32(88.0f);
  for (int64_t i = 0; i < size; i += kLanes) {
    const float32x4_t g = load_first(gate + i, size - i);
    const float32x4_t e = exp_lanes(vminq_f32(limit, vnegq_f32(g)));
    const float32x4_t silu = vdivq_f32(g, vaddq_f32(one, e));
    store_first(y + i, size - i, vmulq_f32(silu, load_first(up + i, size - i)));
  }
}

float largest(const float* x, int64_t size) {
  if (size < kLanes) return kScalarOps.largest(x, size);
  float32x4_t most = vld1q_f32(x + size - kLanes);  // the rest, and some of what comes before it
  for (int64_t i = 0; i + kLanes <= size; i += kLanes) most = vmaxq_f32(most, vld1q_f32(x + i));
  return vmaxvq_f32(most);
}

float exp_minus(float* x, int64_t size, float max) {
  float32x4_t sum[kSums];
  for (auto& part : sum) part = vdupq_n_f32(0.0f);
  for (int64_t i = 0; i < size; i += kLanes) {
    const float32x4_t e = exp_lanes(vsubq_f32(load_first(x + i, size - i), vdupq_n_f32(max)));
    store_first(x + i, size - i, e);
    float32x4_t& part = sum[i / kLanes % kSums];
    part = vaddq_f32(part, size - i >= kLanes ? e : load_first(x + i, size - i));
  }
  return sum_lanes(sum);
}

void bf16_to_f32(const uint16_t* x, int64_t size, float* y) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes)
    vst1q_f32(y + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(x + i), 16)));
  kScalarOps.bf16_to_f32(x + i, size - i, y + i);
}

// To nearest, ties to even; NaN stays a (quiet) NaN.
void f32_to_bf16(const float* x, int64_t size, uint16_t* y) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const float32x4_t value = vld1q_f32(x + i);
    const uint32x4_t bits = vreinterpretq_u32_f32(value);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    vst1_u16(y + i, vshrn_n_u32(vbslq_u32(vceqq_f32(value, value), rounded, quiet), 16));
  }
  kScalarOps.f32_to_bf16(x + i, size - i, y + i);
}

}  // namespace

constinit const OpTable kNeonOps{
    .name = "neon",
    .needs = {.neon = true},
    .product = product,
    .accumulate = accumulate,
    .rms_norm = rms_norm,
    .swiglu = swiglu,
    .largest = largest,
    .exp_minus = exp_minus,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
};

}  // namespace sirocco
