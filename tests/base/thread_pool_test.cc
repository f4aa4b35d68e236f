// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace sirocco {
namespace {

TEST(ThreadPool, ParallelForCoversEachIndexOnceInPiecesOfGrain) {
  ThreadPool pool(3);
  for (int64_t count : {0, 1, 7, 8, 9, 1000}) {
    std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
    pool.parallel_for(count, 8, [&](int64_t begin, int64_t end, int) {
      EXPECT_LE(end - begin, 8);
      for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
    });
    for (const auto& hit : hits) EXPECT_EQ(hit, 1);
  }
}

TEST(ThreadPool, SleepersWakeUp) {
  ThreadPool pool(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // well past the spinning
    std::atomic<int> arrived{0};
    // Two pieces that wait for each other: only two workers can end them.
    pool.parallel_for(2, 1, [&](int64_t, int64_t, int) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, 2);
  }
}

TEST(ThreadPool, RegionsFollowOneAnotherWhileWorkersComeLate) {
  // More workers than cores: many come when their region is closed, or when the next has begun.
  ThreadPool pool(16);
  EXPECT_EQ(pool.size(), 16);
  for (int64_t region = 1; region <= 3000; ++region) {
    std::atomic<int64_t> sum{0};
    std::atomic<bool> over{false};
    pool.parallel_for(region % 40, 1, [&](int64_t begin, int64_t, int) {
      EXPECT_FALSE(over);
      sum += begin + region;
    });
    over = true;
    const int64_t n = region % 40;
    EXPECT_EQ(sum, n * region + n * (n - 1) / 2);
  }
}

int cores_of_this_thread() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -1;
}

TEST(ThreadPool, PinsWorkersAndLeavesTheCallerFree) {
  const int before = cores_of_this_thread();
  ThreadPool pool(3, true);
  std::atomic<int> arrived{0};
  std::array<int, 3> cores{};
  // Pieces that wait for one another: each goes to a worker of its own.
  pool.parallel_for(3, 1, [&](int64_t, int64_t, int worker) {
    cores[static_cast<size_t>(worker)] = cores_of_this_thread();
    ++arrived;
    while (arrived < 3) std::this_thread::yield();
  });
  EXPECT_EQ(cores, (std::array<int, 3>{before, 1, 1}));
}

}  // namespace
}  // namespace sirocco
