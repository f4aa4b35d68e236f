// SPDX-License-Identifier: Apache-2.0
#include "ops/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sirocco {
namespace {

// The lane at which `rotations` full turns happen within the original context.
double correction_dim(double rotations, double dim, const YarnParameters& yarn) {
  return dim *
         std::log(static_cast<double>(yarn.original_max_positions) / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(yarn.theta));
}

}  // namespace

std::vector<float> yarn_frequencies(int64_t dim, const YarnParameters& yarn) {
  std::vector<float> frequencies(static_cast<size_t>(dim / 2));
  double low = 0, high = 1;
  if (yarn.factor != 1.0) {
    const auto width = static_cast<double>(dim);
    low = std::max(std::floor(correction_dim(yarn.beta_fast, width, yarn)), 0.0);
    high = std::min(std::ceil(correction_dim(yarn.beta_slow, width, yarn)), width - 1);
    if (low == high) high += 0.001;  // the reference's guard against a zero-length ramp
  }
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(dim);
    const float power = static_cast<float>(std::pow(yarn.theta, static_cast<double>(exponent)));
    const float extrapolated = 1.0f / power;
    if (yarn.factor == 1.0) {
      frequencies[i] = extrapolated;
      continue;
    }
    const float interpolated = 1.0f / (static_cast<float>(yarn.factor) * power);
    const float ramp = std::clamp(
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low), 0.0f, 1.0f);
    const float keep = 1.0f - ramp;
    const float slow = interpolated * (1.0f - keep);
    const float fast = extrapolated * keep;
    frequencies[i] = slow + fast;
  }
  return frequencies;
}

void rope_angles(const std::vector<float>& inv_freq, int64_t position, float attention_factor, float* cos_out,
                 float* sin_out) {
  for (size_t i = 0; i < inv_freq.size(); ++i) {
    const float angle = static_cast<float>(position) * inv_freq[i];  // rounded to float32, as trained
    cos_out[i] = static_cast<float>(std::cos(static_cast<double>(angle))) * attention_factor;
    sin_out[i] = static_cast<float>(std::sin(static_cast<double>(angle))) * attention_factor;
  }
}

void rotate_interleaved(float* x, const float* cos, const float* sin, int64_t dim) {
  for (int64_t i = 0; i < dim / 2; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cos[i] - b * sin[i];
    x[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

void rotate_halves(float* x, const float* cos, const float* sin, int64_t dim) {
  const int64_t half = dim / 2;
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cos[i] - b * sin[i];
    x[i + half] = b * cos[i] + a * sin[i];
  }
}

}  // namespace sirocco
