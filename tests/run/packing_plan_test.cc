// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/packing_plan.h"

#include <gtest/gtest.h>

namespace sirocco {
namespace {

constexpr uint64_t kGigabyte = 1'000'000'000;

PackingPlan plan(uint64_t routed, uint64_t others, uint64_t available, ModelOptions options = {}) {
  return plan_packing({routed * kGigabyte, others * kGigabyte}, available * kGigabyte, options);
}

TEST(PackingPlan, PacksAllThatFits) {
  EXPECT_EQ(plan(64, 3, 90).packing, Packing::at_once);
  ModelOptions later;
  later.pack_when_used = true;
  EXPECT_EQ(plan(64, 3, 90, later).packing, Packing::when_used);
}

TEST(PackingPlan, LetsExpertsTakeTurnsInWhatTheOthersLeave) {
  ModelOptions later;
  later.pack_when_used = true;
  const PackingPlan small = plan(64, 3, 20, later);
  EXPECT_EQ(small.packing, Packing::in_turns);
  EXPECT_EQ(small.room_bytes, 15 * kGigabyte);  // a tenth of the memory is for caches
}

TEST(PackingPlan, LeavesAllInTheFileWhereTheOthersAloneTakeTooMuch) {
  EXPECT_EQ(plan(64, 3, 4).packing, Packing::none);
}

TEST(PackingPlan, TakesTheMemoryThatItIsGiven) {
  ModelOptions options;
  options.weight_copy_bytes = 68 * kGigabyte;
  EXPECT_EQ(plan(64, 3, 20, options).packing, Packing::at_once);
  options.weight_copy_bytes = 7 * kGigabyte;
  EXPECT_EQ(plan(64, 3, 90, options).packing, Packing::in_turns);
  EXPECT_EQ(plan(64, 3, 90, options).room_bytes, 4 * kGigabyte);
}

TEST(PackingPlan, CopiesNothingInExactMode) {
  ModelOptions exact;
  exact.exact = true;
  EXPECT_EQ(plan(1, 1, 90, exact).packing, Packing::none);
}

}  // namespace
}  // namespace sirocco
