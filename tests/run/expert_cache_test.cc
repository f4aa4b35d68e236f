// SPDX-License-Identifier: Apache-2.0
// Who stays in memory and who goes. That the answers are the same is cpu_backend_test.cc's business.
#include "run/cpu/expert_cache.h"

#include <gtest/gtest.h>

#include <vector>

#include "ops/select.h"
#include "run/cpu/matrix_loader.h"
#include "run/random_model.h"

namespace sirocco {
namespace {

class ExpertCacheTest : public testing::Test {
 protected:
  static constexpr size_t kExperts = 12;

  void SetUp() override {
    const OpTable& ops = **select_op_table(detect_cpu_features(), "");
    MatrixLoader loader(ops, Packing::in_turns, arena_, pool_, {});
    experts_.reserve(kExperts);
    for (const LayerWeights& layer : model_.weights.layers)
      for (const FeedForwardWeights& block : layer.experts)
        experts_.push_back({loader.promise(block.gate), loader.promise(block.up), loader.promise(block.down)});
    ASSERT_EQ(experts_.size(), kExperts);
    if (!experts_[0].packed()) GTEST_SKIP() << ops.name << ": packs nothing";
    for (ExpertMatrices& expert : experts_) {
      EXPECT_FALSE(expert.in_memory());
      cache_.add(expert);
    }
  }

  void open(uint64_t rooms) {
    cache_.open(cache_.room_bytes() * rooms, arena_);
    EXPECT_EQ(cache_.rooms(), static_cast<int64_t>(rooms));
  }

  // One token passes and wants these.
  size_t want(const std::vector<size_t>& numbers, int64_t pairs = 1) {
    std::vector<ExpertTask> tasks;
    for (const size_t number : numbers) tasks.push_back({&experts_[number], std::ssize(tasks), pairs});
    cache_.pass(1);
    const size_t admitted = cache_.admit(tasks);
    for (const ExpertTask& task : std::span(tasks).first(admitted)) {
      EXPECT_TRUE(task.weights->in_memory());
      for (Matrix* matrix : task.weights->all()) {
        if (matrix->promised()) matrix->pack_strips(0, matrix->strips());
        matrix->settle();
      }
    }
    return admitted;
  }

  std::vector<size_t> in_memory() const {
    std::vector<size_t> numbers;
    for (size_t i = 0; i < experts_.size(); ++i)
      if (experts_[i].in_memory()) numbers.push_back(i);
    return numbers;
  }

  const RandomModel model_{DType::bf16, 5};
  WeightArena arena_;
  ThreadPool pool_{1};
  std::vector<ExpertMatrices> experts_;
  ExpertCache cache_;
};

using Numbers = std::vector<size_t>;

TEST_F(ExpertCacheTest, FillsEveryRoomBeforeAnyoneGoes) {
  open(4);
  want({0, 1});
  want({2, 3});
  EXPECT_EQ(in_memory(), (Numbers{0, 1, 2, 3}));
  EXPECT_FALSE(experts_[0].gate.promised());
  want({0, 1});
  EXPECT_FALSE(experts_[0].gate.promised());  // it was there
}

TEST_F(ExpertCacheTest, WhoWasWantedLeastGoes) {
  open(3);
  for (const Numbers& token : {Numbers{0}, {0}, {1}, {2}, {2}}) want(token);
  want({5});
  EXPECT_EQ(in_memory(), (Numbers{0, 2, 5}));
  EXPECT_EQ(cache_.admitted(), 6u);
  EXPECT_EQ(cache_.moved_in(), 4u);
}

TEST_F(ExpertCacheTest, AmongEqualsTheLastOneGoes) {
  open(3);
  cache_.pass(0);
  std::vector<ExpertTask> task(1);
  for (size_t layer = 0; layer < 4; ++layer) {  // one token, which passes four layers
    task[0] = {&experts_[layer], 0, 1};
    cache_.admit(task);
  }
  EXPECT_EQ(in_memory(), (Numbers{0, 1, 3}));
}

TEST_F(ExpertCacheTest, PassingThroughAllOfThemLeavesTheOftenWanted) {
  open(4);
  for (int i = 0; i < 10; ++i) want({3, 7});
  for (size_t i = 0; i < kExperts; ++i) want({i});
  EXPECT_TRUE(experts_[3].in_memory());
  EXPECT_TRUE(experts_[7].in_memory());
}

// Layers of two experts each: a step passes all of them and wants both experts of each.
TEST_F(ExpertCacheTest, StepsThatWantAllKeepWhatFits) {
  open(8);
  const auto pass_all = [&] {
    size_t packed = 0;
    cache_.pass(512);
    for (size_t layer = 0; layer < kExperts / 2; ++layer) {
      const std::vector<ExpertTask> tasks{{&experts_[2 * layer], 0, 8}, {&experts_[2 * layer + 1], 8, 8}};
      EXPECT_EQ(cache_.admit(tasks), 2u);
      for (const ExpertTask& task : tasks) {
        packed += task.weights->gate.promised();
        for (Matrix* matrix : task.weights->all()) matrix->settle();
      }
    }
    return packed;
  };
  EXPECT_EQ(pass_all(), kExperts);
  for (int i = 0; i < 4; ++i) EXPECT_LE(pass_all(), 6u) << i;  // eight rooms, of which two are always on the way
}

TEST_F(ExpertCacheTest, WhatWasWantedLongAgoIsForgotten) {
  open(2);
  want({0}, 100);
  cache_.pass(10'000);
  want({1});
  want({2}, 2);
  want({3}, 3);
  EXPECT_EQ(in_memory(), (Numbers{2, 3}));
  cache_.pass(1'000'000);  // the weight of what passes now does not overflow
  want({4});
  want({5});
  EXPECT_TRUE(experts_[5].in_memory());
}

TEST_F(ExpertCacheTest, AdmitsAsManyAsThereAreRooms) {
  open(3);
  EXPECT_EQ(want({0, 1, 2, 3, 4}), 3u);
  EXPECT_EQ(want({3, 4}), 2u);
  EXPECT_TRUE(experts_[3].in_memory());
  EXPECT_TRUE(experts_[4].in_memory());
}

TEST_F(ExpertCacheTest, WhoIsWantedNowKeepsItsRoom) {
  open(2);
  want({4, 5});
  want({0, 4});  // 4 was there, and as often wanted as 5
  EXPECT_EQ(in_memory(), (Numbers{0, 4}));
}

TEST_F(ExpertCacheTest, ExpertsWithMemoryOfTheirOwnNeedNoRoom) {
  open(1);
  const OpTable& ops = **select_op_table(detect_cpu_features(), "");
  MatrixLoader loader(ops, Packing::at_once, arena_, pool_, {});
  const FeedForwardWeights& block = model_.weights.layers[0].shared;
  ExpertMatrices shared{loader.load(block.gate), loader.load(block.up), loader.load(block.down)};
  const std::vector<ExpertTask> tasks{{&experts_[0], 0, 1}, {&shared, 1, 1}};
  EXPECT_EQ(cache_.admit(tasks), 2u);
}

TEST_F(ExpertCacheTest, HasARoomHoweverLittleMemoryThereIs) {
  cache_.open(1, arena_);
  EXPECT_EQ(cache_.rooms(), 1);
  EXPECT_EQ(want({0, 1}), 1u);
}

TEST_F(ExpertCacheTest, TakesNoMoreRoomsThanExperts) {
  cache_.open(uint64_t{1} << 30, arena_);
  EXPECT_EQ(cache_.rooms(), static_cast<int64_t>(kExperts));
}

}  // namespace
}  // namespace sirocco
