// SPDX-License-Identifier: Apache-2.0
// Sequences that wait for an input (a picture that is being encoded) keep their pages and skip steps.
#include <gtest/gtest.h>

#include <numeric>

#include "sched/scheduler.h"

namespace sirocco {
namespace {

constexpr int32_t kWidth = 4;

struct Bench {
  Bench() : cache(16, kWidth), scheduler({.max_batch_tokens = 32, .max_running = 4}, cache) {}

  void add(SequenceId id, int64_t tokens, std::vector<PendingInput> pending, double arrival_s = 0.0,
           CacheKey first_key = 100) {
    SequenceSpec spec;
    spec.id = id;
    spec.keys.resize(static_cast<size_t>(tokens));
    std::iota(spec.keys.begin(), spec.keys.end(), first_key);
    spec.pending = std::move(pending);
    spec.arrival_s = arrival_s;
    scheduler.add(std::move(spec));
  }
  // Tokens that the next step computes of sequence `id`.
  int64_t step(SequenceId id) {
    const Plan plan = scheduler.schedule();
    cache.copies_done();
    scheduler.commit(plan, 0.01);
    for (const PlanItem& item : plan.items)
      if (item.id == id) return item.tokens;
    return 0;
  }

  PageCache cache;
  Scheduler scheduler;
};

TEST(Pending, ComputesUpToTheInputAndGoesOnWhenItCame) {
  Bench b;
  b.add(1, 20, {{3, 7}, {7, 9}, {15, 17}});
  EXPECT_EQ(b.scheduler.awaited_input(), std::nullopt);  // not admitted yet
  EXPECT_EQ(b.step(1), 3);
  EXPECT_EQ(b.step(1), 0);
  EXPECT_EQ(b.scheduler.awaited_input(), (std::pair<SequenceId, int64_t>(1, 3)));
  b.scheduler.provide(1, 7);  // the second one came first
  EXPECT_EQ(b.step(1), 0);
  b.scheduler.provide(1, 3);
  EXPECT_EQ(b.step(1), 12);
  b.scheduler.provide(1, 15);
  EXPECT_EQ(b.step(1), 5);
  EXPECT_EQ(b.scheduler.awaited_input(), std::nullopt);
}

TEST(Pending, AnInputAtTheVeryEndIsWaitedForToo) {
  Bench b;
  b.add(1, 8, {{7, 8}});
  EXPECT_EQ(b.step(1), 7);
  EXPECT_TRUE(b.scheduler.sequence(1).decoding());
  EXPECT_EQ(b.step(1), 0);
  b.scheduler.provide(1, 7);
  EXPECT_EQ(b.step(1), 1);
}

TEST(Pending, OthersGoOnMeanwhileAndTheBestRankIsServedFirst) {
  Bench b;
  b.add(1, 8, {{0, 4}}, 2.0, 100);
  b.add(2, 8, {{2, 4}}, 1.0, 200);
  b.add(3, 9, {}, 3.0, 300);
  EXPECT_EQ(b.step(3), 9);
  EXPECT_EQ(b.scheduler.awaited_input(), (std::pair<SequenceId, int64_t>(2, 2)));
}

TEST(Pending, WhatTheCacheKnowsIsNotWaitedFor) {
  Bench b;
  b.add(1, 12, {});
  EXPECT_EQ(b.step(1), 12);
  b.scheduler.finish(1);
  b.add(2, 14, {{1, 8}, {12, 14}});  // the same keys
  EXPECT_EQ(b.step(2), 0);           // the cache gave 12 of them; the second input is missing
  EXPECT_EQ(b.scheduler.sequence(2).cached_tokens, 12);
  EXPECT_EQ(b.scheduler.awaited_input(), (std::pair<SequenceId, int64_t>(2, 12)));
  b.scheduler.provide(2, 12);
  EXPECT_EQ(b.step(2), 2);
}

// Whoever lost its pages needs the input that its cached prefix had made unnecessary.
TEST(Pending, APreemptedSequenceWaitsAgain) {
  Bench b;
  b.add(1, 12, {});
  EXPECT_EQ(b.step(1), 12);
  b.scheduler.finish(1);
  b.add(2, 16, {{1, 8}}, 5.0);
  EXPECT_EQ(b.step(2), 4);
  SequenceSpec large;  // of better rank, and it needs nearly everything
  large.id = 3;
  large.keys.assign(52, 7);
  b.scheduler.add(std::move(large));
  EXPECT_EQ(b.step(3), 32);
  EXPECT_FALSE(b.scheduler.sequence(2).running);
  EXPECT_EQ(b.step(3), 20);
  b.scheduler.finish(3);
  b.cache.drop_cached();
  EXPECT_EQ(b.step(2), 1);
  EXPECT_EQ(b.scheduler.awaited_input(), (std::pair<SequenceId, int64_t>(2, 1)));
}

}  // namespace
}  // namespace sirocco
