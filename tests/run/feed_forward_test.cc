// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/feed_forward.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sirocco {
namespace {

TEST(ChooseExperts, TakesTheBestAndRenormalises) {
  const ExpertsConfig experts{.experts = 4, .experts_per_token = 2};
  float logits[4] = {0.0f, 3.0f, -1.0f, 2.0f};
  int32_t ids[2];
  float weights[2];
  FeedForward::choose(experts, logits, ids, weights);
  EXPECT_EQ(ids[0], 1);  // ascending by id
  EXPECT_EQ(ids[1], 3);
  EXPECT_NEAR(weights[0], std::exp(3.0) / (std::exp(3.0) + std::exp(2.0)), 1e-6);
  EXPECT_NEAR(weights[0] + weights[1], 1.0, 1e-6);
}

TEST(ChooseExperts, TiesGoToTheLowestId) {
  const ExpertsConfig experts{.experts = 4, .experts_per_token = 2};
  float logits[4] = {1.0f, 1.0f, 1.0f, 1.0f};
  int32_t ids[2];
  float weights[2];
  FeedForward::choose(experts, logits, ids, weights);
  EXPECT_EQ(ids[0], 0);
  EXPECT_EQ(ids[1], 1);
}

TEST(ChooseExperts, AGroupIsWorthItsTwoBest) {
  // Group {0,1,2} holds the single best expert, group {3,4,5} the better pair.
  const ExpertsConfig experts{.experts = 6, .experts_per_token = 2, .groups = 2, .groups_per_token = 1};
  float logits[6] = {3.0f, -5.0f, -5.0f, 2.9f, 2.9f, -5.0f};
  int32_t ids[2];
  float weights[2];
  FeedForward::choose(experts, logits, ids, weights);
  EXPECT_EQ(ids[0], 3);
  EXPECT_EQ(ids[1], 4);
}

TEST(ChooseExperts, WithoutNormalisationWeightsAreProbabilities) {
  const ExpertsConfig experts{.experts = 2, .experts_per_token = 1, .routed_scale = 2.5, .normalise = false};
  float logits[2] = {0.0f, 0.0f};
  int32_t ids[1];
  float weights[1];
  FeedForward::choose(experts, logits, ids, weights);
  EXPECT_NEAR(weights[0], 0.5 * 2.5, 1e-6);
}

}  // namespace
}  // namespace sirocco
