// SPDX-License-Identifier: Apache-2.0
#include "engine/memory_plan.h"

#include <gtest/gtest.h>

namespace sirocco {
namespace {

constexpr uint64_t kGiB = 1ULL << 30;

MemoryFacts small_4() {  // Q4 weights of the real model: 23,040 bytes of cache a token
  MemoryFacts facts;
  facts.available_bytes = 100 * kGiB;
  facts.weights.mapped_bytes = 70 * kGiB;
  facts.page_bytes = 23'040 * 64;
  facts.model_context_tokens = 262'144;
  facts.sequences = 8;
  return facts;
}

TEST(MemoryPlan, TakesHalfOfWhatTheWeightsLeave) {
  const auto plan = plan_memory(small_4());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->context_tokens, 262'144);
  // A quarter of all memory is more than half of the 30 GiB left.
  EXPECT_EQ(plan->pages, static_cast<int64_t>(25 * kGiB / (23'040 * 64)));
}

TEST(MemoryPlan, CountsOnNothingThatWeightsWillTake) {
  MemoryFacts facts = small_4();
  facts.weights = {.promised_bytes = 70 * kGiB, .mapped_bytes = 0};  // packed before use: they give no way
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->pages, static_cast<int64_t>(15 * kGiB / (23'040 * 64)));
  facts.weights = {};  // packed already: what they took is not available any more
  facts.available_bytes = 30 * kGiB;
  const auto later = plan_memory(facts);
  ASSERT_TRUE(later);
  EXPECT_EQ(later->pages, plan->pages);
}

TEST(MemoryPlan, SaysHowManyExpertsAreInMemory) {
  MemoryFacts facts = small_4();
  EXPECT_EQ(plan_memory(facts)->reasoning.find("experts"), std::string::npos);
  facts.available_bytes = 20 * kGiB;
  facts.weights = {.promised_bytes = 12 * kGiB, .mapped_bytes = 0, .shared_experts = 4608, .expert_rooms = 950};
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->pages, static_cast<int64_t>(4 * kGiB / (23'040 * 64)));  // half of what rooms leave
  EXPECT_NE(plan->reasoning.find("950 of 4608 experts in memory"), std::string::npos) << plan->reasoning;
}

TEST(MemoryPlan, LeavesRoomForPictures) {
  MemoryFacts facts = small_4();
  facts.weights.mapped_bytes = 20 * kGiB;
  const auto blind = plan_memory(facts);
  facts.picture_bytes = 2 * kGiB;
  const auto seeing = plan_memory(facts);
  ASSERT_TRUE(blind && seeing);
  EXPECT_EQ(blind->pages, static_cast<int64_t>(40 * kGiB / (23'040 * 64)));
  EXPECT_EQ(seeing->pages, static_cast<int64_t>(39 * kGiB / (23'040 * 64)));
  EXPECT_EQ(blind->reasoning.find("pictures"), std::string::npos);
  EXPECT_NE(seeing->reasoning.find("pictures 2.00 GiB"), std::string::npos) << seeing->reasoning;
  facts.available_bytes = facts.weights.mapped_bytes + facts.picture_bytes - 1;  // a quarter all the same
  EXPECT_TRUE(plan_memory(facts));
}

TEST(MemoryPlan, ShortensTheContextToWhatFits) {
  MemoryFacts facts = small_4();
  facts.wanted_cache_bytes = 1'000 * facts.page_bytes;
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->pages, 1'000);
  EXPECT_EQ(plan->context_tokens, 998 * 64);  // two pages are spare
  facts.wanted_context_tokens = 100'000;
  const auto refused = plan_memory(facts);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::resource);
}

TEST(MemoryPlan, TakesNoMoreThanIsOfUse) {
  MemoryFacts facts = small_4();
  facts.wanted_context_tokens = 1'000;
  facts.sequences = 2;
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->context_tokens, 1'000);
  EXPECT_EQ(plan->pages, 2 * 16 + 2);
}

TEST(MemoryPlan, GrantsAContextShorterThanAPage) {
  MemoryFacts facts = small_4();
  facts.wanted_context_tokens = 3;
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->context_tokens, 3);
}

TEST(MemoryPlan, RefusesMoreThanTheModelHas) {
  MemoryFacts facts = small_4();
  facts.wanted_context_tokens = 300'000;
  const auto plan = plan_memory(facts);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::bad_input);
}

TEST(MemoryPlan, RunsModelsLargerThanMemory) {
  MemoryFacts facts = small_4();
  facts.available_bytes = 24 * kGiB;
  const auto plan = plan_memory(facts);
  ASSERT_TRUE(plan);
  EXPECT_GT(plan->context_tokens, 200'000);
}

}  // namespace
}  // namespace sirocco
