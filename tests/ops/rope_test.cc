// SPDX-License-Identifier: Apache-2.0
#include "ops/rope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sirocco {
namespace {

constexpr YarnParameters kSmall4{
    .theta = 10000, .factor = 128, .beta_fast = 32, .beta_slow = 1, .original_max_positions = 8192};

TEST(YarnFrequencies, MatchThePublishedModel) {
  const auto f = yarn_frequencies(64, kSmall4);
  ASSERT_EQ(f.size(), 32u);
  EXPECT_FLOAT_EQ(f[0], 1.0f);
  EXPECT_FLOAT_EQ(f[12], 0.0316227766f);    // the last untouched lane
  EXPECT_FLOAT_EQ(f[13], 0.0219038545f);    // the first blended one
  EXPECT_FLOAT_EQ(f[24], 8.41346154e-05f);  // the last blended one
  EXPECT_FLOAT_EQ(f[25], 5.85854851e-06f);  // divided by the factor
  EXPECT_FLOAT_EQ(f[31], 1.04181362e-06f);
}

TEST(YarnFrequencies, FactorOneIsPlainRope) {
  YarnParameters plain = kSmall4;
  plain.factor = 1;
  const auto f = yarn_frequencies(8, plain);
  EXPECT_FLOAT_EQ(f[1], 0.1f);
  EXPECT_FLOAT_EQ(f[3], 0.001f);
}

TEST(Rotate, InterleavedAndHalvesAreTheSameRotationInAnotherOrder) {
  const auto f = yarn_frequencies(8, kSmall4);
  float cos[4], sin[4];
  rope_angles(f, 262000, 1.0f, cos, sin);
  float pairs[8] = {1, 2, 3, 4, 5, 6, 7, 8}, halves[8] = {1, 3, 5, 7, 2, 4, 6, 8};
  rotate_interleaved(pairs, cos, sin, 8);
  rotate_halves(halves, cos, sin, 8);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(pairs[2 * i], halves[i]);
    EXPECT_EQ(pairs[2 * i + 1], halves[i + 4]);
    const float before = static_cast<float>(std::hypot(2 * i + 1, 2 * i + 2));
    EXPECT_NEAR(std::hypot(pairs[2 * i], pairs[2 * i + 1]), before, 1e-5 * before);
  }
}

}  // namespace
}  // namespace sirocco
