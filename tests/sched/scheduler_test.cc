// SPDX-License-Identifier: Apache-2.0
// A toy engine drives the scheduler: every sequence wants so many answer tokens. What is checked at each step
// are the promises of scheduler.h: budget, order, pages, progress, books.
#include "sched/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

namespace sirocco {
namespace {

constexpr int32_t kWidth = 4;

class Toy {
 public:
  Toy(int64_t pages, SchedulerLimits limits)
      : cache(pages, kWidth), scheduler(limits, cache), limits_(limits) {}

  SequenceId add(std::vector<CacheKey> prompt, int64_t answer, int priority = 0) {
    SequenceSpec spec;
    spec.id = next_id_++;
    spec.keys = std::move(prompt);
    spec.priority = priority;
    spec.arrival_s = now_s;
    spec.use_prefix_cache = spec.id % 5 != 4;
    left_[spec.id] = answer;
    computed_[spec.id] = 0;
    scheduler.add(std::move(spec));
    return next_id_ - 1;
  }

  // One step; returns the ids that took part.
  std::vector<SequenceId> step(double seconds = 0.01) {
    const std::vector<SequenceId> decoding = decoding_now();
    const Plan plan = scheduler.schedule();
    cache.copies_done();
    check(plan, decoding);
    scheduler.commit(plan, seconds);
    now_s += seconds;
    std::vector<SequenceId> ids;
    for (const PlanItem& item : plan.items) {
      ids.push_back(item.id);
      if (!item.completes) continue;
      if (--left_[item.id] <= 0) {
        finished[item.id] = now_s;
        scheduler.finish(item.id);
        left_.erase(item.id);
      } else {
        scheduler.append(item.id, 1000 + item.id * 64 + static_cast<CacheKey>(left_[item.id]));
      }
    }
    preemptions += plan.preempted.size();
    planned_tokens += plan.tokens;
    cache.check();
    return ids;
  }
  void cancel(SequenceId id) {
    scheduler.finish(id);
    left_.erase(id);
  }
  std::vector<SequenceId> live() const {
    std::vector<SequenceId> ids;
    for (const auto& [id, left] : left_) ids.push_back(id);
    return ids;
  }

  PageCache cache;
  Scheduler scheduler;
  double now_s = 0.0;
  std::map<SequenceId, double> finished;
  size_t preemptions = 0;
  int64_t planned_tokens = 0;

 private:
  std::vector<SequenceId> decoding_now() const {
    std::vector<SequenceId> ids;
    for (const SequenceId id : live())
      if (scheduler.sequence(id).running && scheduler.sequence(id).decoding()) ids.push_back(id);
    return ids;
  }
  void check(const Plan& plan, const std::vector<SequenceId>& decoding) {
    int64_t tokens = 0;
    std::map<SequenceId, int> seen;
    for (const PlanItem& item : plan.items) {
      EXPECT_EQ(++seen[item.id], 1);
      const Sequence& s = scheduler.sequence(item.id);
      EXPECT_TRUE(s.running);
      EXPECT_GT(item.tokens, 0);
      EXPECT_EQ(item.first_token, s.computed_tokens);
      EXPECT_LE(item.first_token + item.tokens, s.known_tokens());
      EXPECT_EQ(item.completes, item.first_token + item.tokens == s.known_tokens());
      EXPECT_GE(static_cast<int64_t>(item.pages.size()) * kWidth, item.first_token + item.tokens);
      tokens += item.tokens;
    }
    EXPECT_EQ(tokens, plan.tokens);
    EXPECT_LE(tokens, limits_.max_batch_tokens);
    EXPECT_LE(scheduler.running(), limits_.max_running);
    // Whoever decoded before the step decodes in it, unless it lost its pages.
    for (const SequenceId id : decoding)
      EXPECT_TRUE(seen.contains(id) || std::ranges::count(plan.preempted, id) > 0) << id;
    if (!scheduler.idle()) {
      EXPECT_FALSE(plan.items.empty()) << "work waits, yet nobody runs";
    }
  }

  SchedulerLimits limits_;
  SequenceId next_id_ = 0;
  std::map<SequenceId, int64_t> left_, computed_;
};

std::vector<CacheKey> prompt_of(CacheKey seed, int64_t tokens) {
  std::vector<CacheKey> keys;
  for (int64_t i = 0; i < tokens; ++i) keys.push_back(seed * 1000 + static_cast<CacheKey>(i));
  return keys;
}

TEST(Scheduler, DecodersGoOnBesideALongPrompt) {
  Toy toy(400, {.max_batch_tokens = 32, .max_running = 8, .stall_seconds = 1.0});
  const SequenceId decoder = toy.add(prompt_of(1, 8), 60);
  toy.step();
  const SequenceId prompt = toy.add(prompt_of(2, 1000), 1);
  for (int i = 0; i < 20; ++i) {
    const auto ids = toy.step();
    EXPECT_EQ(std::ranges::count(ids, decoder), 1);
    EXPECT_EQ(std::ranges::count(ids, prompt), 1);
  }
}

TEST(StallBudget, TellsWhatTokensAddFromWhatAStepCosts) {
  for (const double step_s : {0.0, 0.5, 2.0}) {  // 4 ms a prompt token: 125 of them take half a second
    StallBudget budget(0.5, 512);
    EXPECT_EQ(budget.tokens(), 512);
    for (int i = 0; i < 5; ++i) budget.observe(0, step_s);
    for (int i = 0; i < 20; ++i) budget.observe(budget.tokens(), step_s + 0.004 * static_cast<double>(budget.tokens()));
    EXPECT_NEAR(static_cast<double>(budget.tokens()), 125.0, 3.0) << step_s;
  }
}

TEST(Scheduler, StallOfDecodersIsBounded) {
  Toy toy(800, {.max_batch_tokens = 256, .max_running = 8, .stall_seconds = 0.5});
  toy.add(prompt_of(1, 8), 500);
  toy.step();
  toy.add(prompt_of(2, 3000), 1);
  for (int i = 0; i < 20; ++i) {  // 10 ms a token: 50 of them fit
    const Plan plan = toy.scheduler.schedule();
    toy.cache.copies_done();
    if (i > 10) {
      EXPECT_LE(plan.tokens, 51);
      EXPECT_GE(plan.tokens, 40);
    }
    toy.scheduler.commit(plan, 0.01 * static_cast<double>(plan.tokens));
    for (const PlanItem& item : plan.items)
      if (item.completes) toy.scheduler.append(item.id, 7777 + static_cast<CacheKey>(i));
  }
}

TEST(Scheduler, ReusesAPrefixButComputesTheLastToken) {
  Toy toy(64, {.max_batch_tokens = 64, .max_running = 8});
  toy.add(prompt_of(1, 10), 1);
  toy.step();
  const SequenceId again = toy.add(prompt_of(1, 10), 1);
  const Plan plan = toy.scheduler.schedule();
  toy.cache.copies_done();
  ASSERT_EQ(plan.items.size(), 1u);
  EXPECT_EQ(plan.items[0].first_token, 9);
  EXPECT_EQ(toy.scheduler.sequence(again).cached_tokens, 9);
}

TEST(Scheduler, PreemptsTheWorstAndResumesIt) {
  Toy toy(12, {.max_batch_tokens = 32, .max_running = 4});
  const SequenceId first = toy.add(prompt_of(1, 16), 20);
  toy.now_s = 1.0;
  const SequenceId second = toy.add(prompt_of(2, 16), 20);
  for (int i = 0; i < 200 && !toy.scheduler.idle(); ++i) toy.step();
  EXPECT_GT(toy.preemptions, 0u);
  EXPECT_LT(toy.finished[first], toy.finished[second]);
  EXPECT_EQ(toy.cache.counts().held, 0);
}

TEST(Scheduler, UrgentRequestsGetAhead) {
  Toy toy(400, {.max_batch_tokens = 16, .max_running = 2});
  for (CacheKey i = 0; i < 6; ++i) toy.add(prompt_of(i, 30), 10);
  toy.step();
  const SequenceId urgent = toy.add(prompt_of(99, 30), 10, -1);
  while (!toy.scheduler.idle()) toy.step();
  int earlier = 0;
  for (const auto& [id, when] : toy.finished) earlier += when < toy.finished[urgent] ? 1 : 0;
  EXPECT_LE(earlier, 1);
}

TEST(Scheduler, NobodyStarvesUnderEndlessUrgentLoad) {
  Toy toy(60, {.max_batch_tokens = 16, .max_running = 3});
  const SequenceId patient = toy.add(prompt_of(50, 40), 5, 3);  // three steps of priority behind
  double done_s = 0.0;
  for (int i = 0; i < 3000 && done_s == 0.0; ++i) {
    while (toy.scheduler.waiting() < 4) toy.add(prompt_of(static_cast<CacheKey>(100 + i), 12), 4, 0);
    toy.step(0.1);
    if (toy.finished.contains(patient)) done_s = toy.finished[patient];
  }
  EXPECT_GT(done_s, 0.0);
  EXPECT_LT(done_s, 3 * Scheduler::kPrioritySeconds + 30.0);
}

TEST(Scheduler, ALongPromptKeepsHalfBesideEndlessShortOnes) {
  Toy toy(800, {.max_batch_tokens = 32, .max_running = 8});
  const SequenceId patient = toy.add(prompt_of(50, 1000), 1);
  CacheKey next = 100;
  for (int i = 0; i < 70 && !toy.finished.contains(patient); ++i) {
    while (toy.scheduler.waiting() < 4) toy.add(prompt_of(next++, 30), 1);
    toy.step();
  }
  EXPECT_TRUE(toy.finished.contains(patient));  // 1000 / 16 steps
}

TEST(Scheduler, NoPriorityIsBoundless) {
  Toy toy(60, {.max_batch_tokens = 16, .max_running = 3});
  const SequenceId patient = toy.add(prompt_of(50, 40), 5);
  double done_s = 0.0;
  for (int i = 0; i < 3000 && done_s == 0.0; ++i) {
    while (toy.scheduler.waiting() < 4)
      toy.add(prompt_of(static_cast<CacheKey>(100 + i), 12), 4, std::numeric_limits<int>::min());
    toy.step(1.0);
    if (toy.finished.contains(patient)) done_s = toy.finished[patient];
  }
  EXPECT_GT(done_s, 0.0);
  EXPECT_LT(done_s, Scheduler::kMostPriority * Scheduler::kPrioritySeconds + 100.0);
}

// Steps until all is done; returns what was computed from the toy's beginning on.
int64_t finish_all(Toy& toy) {
  for (int i = 0; i < 300 && !toy.scheduler.idle(); ++i) toy.step();
  EXPECT_TRUE(toy.scheduler.idle());
  return toy.planned_tokens;
}

std::vector<CacheKey> with_tail(std::vector<CacheKey> keys, CacheKey tail) {
  for (CacheKey i = 0; i < 3; ++i) keys.push_back(900000 + 10 * tail + i);
  return keys;
}

TEST(Scheduler, PromptsThatBeginAlikeAreComputedOnce) {
  Toy toy(200, {.max_batch_tokens = 16, .max_running = 8});
  for (CacheKey i = 0; i < 4; ++i) toy.add(with_tail(prompt_of(1, 80), i), 1);
  EXPECT_EQ(toy.step().size(), 1u);
  EXPECT_FALSE(toy.scheduler.sequence(2).started);
  EXPECT_EQ(finish_all(toy), 80 + 4 * 3);
}

TEST(Scheduler, AFollowerFollowsWhoSharesMost) {
  Toy toy(200, {.max_batch_tokens = 16, .max_running = 8});
  toy.add(prompt_of(1, 40), 1);
  toy.add(with_tail(prompt_of(1, 80), 7), 1);
  toy.add(with_tail(prompt_of(1, 80), 8), 1);
  EXPECT_EQ(toy.step().size(), 1u);
  EXPECT_EQ(toy.scheduler.sequence(2).leader->until_tokens, 80);
  EXPECT_EQ(finish_all(toy), 80 + 2 * 3);
}

TEST(Scheduler, FollowersGoOnWhenTheirLeaderLeaves) {
  Toy toy(200, {.max_batch_tokens = 16, .max_running = 8});
  const SequenceId leader = toy.add(prompt_of(1, 80), 1);
  const SequenceId second = toy.add(prompt_of(1, 80), 1);
  const SequenceId third = toy.add(prompt_of(1, 80), 1);
  toy.step();
  toy.step();
  toy.cancel(leader);
  EXPECT_EQ(toy.step(), std::vector<SequenceId>{second});
  EXPECT_EQ(toy.scheduler.sequence(second).cached_tokens, 32);
  EXPECT_EQ(toy.scheduler.sequence(third).leader->id, second);
  finish_all(toy);
  EXPECT_TRUE(toy.finished.contains(third));
}

TEST(Scheduler, NobodyFollowsWhoIsLessUrgentOrSharesNothing) {
  Toy toy(200, {.max_batch_tokens = 16, .max_running = 8});
  toy.add(prompt_of(1, 80), 1, 2);
  toy.step();
  const SequenceId urgent = toy.add(prompt_of(1, 80), 1, 1);
  const SequenceId other = toy.add(prompt_of(2, 80), 1, 2);
  toy.step();
  EXPECT_FALSE(toy.scheduler.sequence(urgent).leader);
  EXPECT_FALSE(toy.scheduler.sequence(other).leader);
}

TEST(Scheduler, NamesWhoIsPastItsDeadline) {
  PageCache cache(16, kWidth);
  Scheduler scheduler({}, cache);
  SequenceSpec spec;
  spec.id = 3;
  spec.keys = prompt_of(1, 4);
  spec.deadline_s = 5.0;
  scheduler.add(spec);
  EXPECT_TRUE(scheduler.expired(4.9).empty());
  EXPECT_EQ(scheduler.expired(5.0), std::vector<SequenceId>{3});
  scheduler.finish(3);
  EXPECT_TRUE(scheduler.idle());
}

TEST(Scheduler, RandomTracesEndWithEveryPageReturned) {
  for (uint32_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint32_t>(n)); };
    const int64_t pages = 8 + pick(30);
    const int max_running = 1 + static_cast<int>(pick(6));
    Toy toy(pages, {.max_batch_tokens = max_running + pick(24), .max_running = max_running});
    const int64_t longest = Scheduler::longest_sequence(toy.cache);
    int64_t added = 0;
    for (int step = 0; step < 400 || !toy.scheduler.idle(); ++step) {
      ASSERT_LT(step, 20000) << "no end in sight";
      if (added < 60 && pick(4) == 0) {
        const int64_t prompt = 1 + pick(longest - 1);
        const int64_t answer = 1 + pick(longest - prompt);
        // Few seeds, so that prompts share prefixes.
        toy.add(prompt_of(static_cast<CacheKey>(pick(3)), prompt), answer, static_cast<int>(pick(3)) - 1);
        ++added;
      }
      if (pick(12) == 0 && !toy.live().empty())
        toy.cancel(toy.live()[static_cast<size_t>(pick(static_cast<int64_t>(toy.live().size())))]);
      toy.step(0.05);
    }
    toy.cache.drop_cached();
    toy.cache.check();
    EXPECT_EQ(toy.cache.counts().free, pages);
  }
}

}  // namespace
}  // namespace sirocco
