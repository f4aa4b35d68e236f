// SPDX-License-Identifier: Apache-2.0
#include "sample/exp_sum.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace sirocco {
namespace {

constexpr size_t kBlock = 256;  // floats summed as floats before they join the double

// exp(x) = 2^n · exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; exp(r) by its Taylor polynomial of degree 6.
inline float exp_below_zero(float x) {
  const float clamped = x >= -87.0F ? x : -87.0F;             // NaN too
  const float shifted = clamped * 1.44269504F + 12582912.0F;  // 1.5 · 2^23: the low bits are round(x / ln 2)
  const int32_t n = std::bit_cast<int32_t>(shifted) - 0x4B400000;
  const float rounded = shifted - 12582912.0F;
  const float r = (clamped - rounded * 0.693359375F) + rounded * 2.12194440e-4F;  // ln 2 in two parts
  float p = 1.0F / 720.0F;
  p = p * r + 1.0F / 120.0F;
  p = p * r + 1.0F / 24.0F;
  p = p * r + 1.0F / 6.0F;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const float value = p * std::bit_cast<float>((n + 127) << 23);
  return x >= -87.0F ? value : 0.0F;
}

float sum_block(std::span<const float> values) {
  std::array<float, 8> lanes{};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8)
    for (size_t lane = 0; lane < 8; ++lane) lanes[lane] += values[i + lane];
  for (; i < values.size(); ++i) lanes[0] += values[i];
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

}  // namespace

float max_of(std::span<const float> logits) {
  constexpr size_t kLanes = 16;  // running maxima, which compilers keep in vectors
  float best[kLanes];
  std::fill_n(best, kLanes, -std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes)
    for (size_t l = 0; l < kLanes; ++l) best[l] = logits[i + l] > best[l] ? logits[i + l] : best[l];
  for (; i < logits.size(); ++i) best[0] = logits[i] > best[0] ? logits[i] : best[0];
  return *std::max_element(best, best + kLanes);
}

double exp_all(std::span<const float> logits, float max, float inverse_temperature, std::span<float> out) {
  double total = 0.0;
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, logits.size() - begin);
    const float* x = logits.data() + begin;
    float* e = out.data() + begin;
    for (size_t i = 0; i < count; ++i) e[i] = exp_below_zero((x[i] - max) * inverse_temperature);
    total += static_cast<double>(sum_block({e, count}));
  }
  return total;
}

double exp_sum(std::span<const float> logits, float max, float inverse_temperature) {
  std::array<float, kBlock> block;
  double total = 0.0;
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, logits.size() - begin);
    for (size_t i = 0; i < count; ++i)
      block[i] = exp_below_zero((logits[begin + i] - max) * inverse_temperature);
    total += static_cast<double>(sum_block({block.data(), count}));
  }
  return total;
}

}  // namespace sirocco
