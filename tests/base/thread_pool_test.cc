// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>

namespace sirocco {
namespace {

TEST(ThreadPool, EveryWorkerRunsOnceAndAllWorkIsDone) {
  for (int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<int> runs(static_cast<size_t>(threads), 0);
      pool.run([&](int worker) { ++runs[static_cast<size_t>(worker)]; });
      EXPECT_EQ(runs, std::vector<int>(static_cast<size_t>(threads), 1));
    }
  }
}

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
    std::atomic<int> workers{0};
    pool.run([&](int) { ++workers; });
    EXPECT_EQ(workers, 2);
  }
}

}  // namespace
}  // namespace sirocco
