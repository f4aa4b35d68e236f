// SPDX-License-Identifier: Apache-2.0
#include "sched/prompt_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "sched/admission.h"
#include "sched/stall_budget.h"

namespace sirocco {
namespace {

int64_t sum(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

TEST(PromptShare, ShortPromptsDoNotWaitForLongOnes) {
  EXPECT_EQ(share_prompts(std::vector<int64_t>{100000, 20}, 256), (std::vector<int64_t>{236, 20}));
  EXPECT_EQ(share_prompts(std::vector<int64_t>{100000, 5000, 100, 90}, 256), (std::vector<int64_t>{128, 0, 38, 90}));
}

TEST(PromptShare, EqualPromptsGoOneAfterTheOther) {
  EXPECT_EQ(share_prompts(std::vector<int64_t>{1000, 1000, 1000}, 100), (std::vector<int64_t>{100, 0, 0}));
  EXPECT_EQ(share_prompts(std::vector<int64_t>{30, 1000, 1000}, 100), (std::vector<int64_t>{30, 70, 0}));
}

TEST(PromptShare, GivesHalfToTheFirstAndLeavesNothing) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::vector<int64_t> wanted(1 + random() % 8);
    for (int64_t& w : wanted) w = 1 + static_cast<int64_t>(random() % 60);
    const auto budget = static_cast<int64_t>(random() % 200);
    const auto shares = share_prompts(wanted, budget);
    EXPECT_EQ(sum(shares), std::min(budget, sum(wanted)));
    EXPECT_GE(shares[0], std::min(wanted[0], budget / 2));
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_GE(shares[i], 0);
      EXPECT_LE(shares[i], wanted[i]);
    }
  }
}

TEST(StallBudget, LearnsWhatATokenCosts) {
  StallBudget budget(0.5, 512);
  EXPECT_EQ(budget.tokens(), 512);                        // nothing known yet
  for (int i = 0; i < 50; ++i) budget.observe(500, 5.0);  // 10 ms a token
  EXPECT_EQ(budget.tokens(), 50);
  for (int i = 0; i < 50; ++i) budget.observe(500, 500.0);
  EXPECT_EQ(budget.tokens(), StallBudget::kLeastTokens);
  budget.observe(1, 1e9);  // a decoding step says nothing about prompts
  EXPECT_EQ(budget.tokens(), StallBudget::kLeastTokens);
}

TEST(Admission, CapsRequestsAndTokens) {
  Admission admission(3, 100);
  EXPECT_TRUE(admission.enter(60));
  EXPECT_FALSE(admission.enter(50));
  EXPECT_TRUE(admission.enter(40));
  EXPECT_TRUE(admission.enter(0));
  EXPECT_FALSE(admission.enter(0));
  admission.leave(60);
  admission.leave(40);
  admission.leave(0);
  EXPECT_TRUE(admission.enter(5000));  // alone it may wait
  EXPECT_FALSE(admission.enter(1));
}

}  // namespace
}  // namespace sirocco
