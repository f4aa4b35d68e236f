// SPDX-License-Identifier: Apache-2.0
// The definition of correct for every kernel: short, plain, never deleted.
#include <cmath>

#include "ops/table.h"
#include "tensor/float_bits.h"

namespace sirocco {
namespace {

constexpr int kLanes = 16;

float sum_lanes(float* lanes) {
  for (int width = kLanes / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  return lanes[0];
}

float dot(const float* a, const float* b, int64_t size) {
  float lanes[kLanes] = {};
  int64_t k = 0;
  for (; k + kLanes <= size; k += kLanes)
    for (int i = 0; i < kLanes; ++i) lanes[i] += a[k + i] * b[k + i];
  for (int i = 0; k < size; ++k, ++i) lanes[i] += a[k] * b[k];
  return sum_lanes(lanes);
}

void product(View<const float> x, View<const float> w, View<float> y) {
  for (int64_t t = 0; t < x.rows; ++t)
    for (int64_t r = 0; r < w.rows; ++r) y.at(t, r) = dot(x.row(t), w.row(r), x.cols);
}

void accumulate(View<const float> p, View<const float> v, View<float> y) {
  for (int64_t t = 0; t < p.rows; ++t) {
    float* out = y.row(t);
    for (int64_t l = 0; l < p.cols; ++l) {
      const float weight = p.at(t, l);
      const float* row = v.row(l);
      for (int64_t c = 0; c < v.cols; ++c) out[c] += weight * row[c];
    }
  }
}

void rms_norm(const float* x, const float* w, int64_t size, float eps, float* y) {
  const float mean = dot(x, x, size) / static_cast<float>(size);
  const float inverse = 1.0f / std::sqrt(mean + eps);
  for (int64_t i = 0; i < size; ++i) y[i] = x[i] * inverse * w[i];
}

void swiglu(const float* gate, const float* up, int64_t size, float* y) {
  for (int64_t i = 0; i < size; ++i) y[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

float largest(const float* x, int64_t size) {
  float most = x[0];
  for (int64_t i = 1; i < size; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

float exp_minus(float* x, int64_t size, float max) {
  float sum = 0.0f;
  for (int64_t i = 0; i < size; ++i) sum += x[i] = std::exp(x[i] - max);
  return sum;
}

void bf16_to_f32(const uint16_t* x, int64_t size, float* y) {
  for (int64_t i = 0; i < size; ++i) y[i] = f32_from_bf16(x[i]);
}

void f32_to_bf16(const float* x, int64_t size, uint16_t* y) {
  for (int64_t i = 0; i < size; ++i) y[i] = bf16_from_f32(x[i]);
}

}  // namespace

constinit const OpTable kScalarOps{
    .name = "scalar",
    .needs = {},
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
