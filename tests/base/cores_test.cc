// SPDX-License-Identifier: Apache-2.0
#include "base/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <thread>

#include "support/temporary_directory.h"

namespace sirocco {
namespace {

class Cores : public testing::Test {
 protected:
  void write_siblings(int cpu, const std::string& list) {
    const std::string folder = "cpu" + std::to_string(cpu) + "/topology";
    std::filesystem::create_directories(files_.file(folder));
    files_.write(folder + "/thread_siblings_list", list + "\n");
  }
  std::vector<int> of(const std::vector<int>& allowed) const {
    return compute_cores(allowed, files_.path(), files_.path());
  }

  const TemporaryDirectory files_;
};

TEST_F(Cores, AreAllThatAreAllowedWhereNothingIsTold) {
  EXPECT_EQ(of({0, 1, 5}), (std::vector<int>{0, 1, 5}));
}

TEST_F(Cores, AreOneThreadOfEachCore) {
  for (const int cpu : {0, 1, 2, 3}) write_siblings(cpu, cpu % 2 == 0 ? "0,2" : "1,3");
  EXPECT_EQ(of({0, 1, 2, 3}), (std::vector<int>{0, 1}));
  EXPECT_EQ(of({1, 2, 3}), (std::vector<int>{1, 2}));  // 0 is another's: 2 stands for its core
  for (const int cpu : {0, 1, 2, 3}) write_siblings(cpu, cpu < 2 ? "0-1" : "2-3");
  EXPECT_EQ(of({0, 1, 2, 3}), (std::vector<int>{0, 2}));
}

TEST_F(Cores, AreNoMoreThanTheControlGroupHasTimeFor) {
  files_.write("cpu.max", "max 100000\n");
  EXPECT_EQ(of({0, 1, 2, 3}).size(), 4U);
  files_.write("cpu.max", "200000 100000\n");
  EXPECT_EQ(of({0, 1, 2, 3}), (std::vector<int>{0, 1}));
  files_.write("cpu.max", "150000 100000\n");
  EXPECT_EQ(of({0, 1, 2, 3}).size(), 2U);
  files_.write("cpu.max", "10000 100000\n");
  EXPECT_EQ(of({0, 1, 2, 3}).size(), 1U);
}

TEST_F(Cores, SurviveListsThatAreNone) {
  write_siblings(0, "");
  write_siblings(1, "x,0");
  write_siblings(2, "0-999999999");
  write_siblings(3, "-5");
  EXPECT_EQ(of({0, 1, 2, 3}), (std::vector<int>{0, 1, 2, 3}));
}

TEST(ComputeCores, NamesThreadsThatOneCanBePinnedTo) {
  const auto cores = compute_cores();
  ASSERT_FALSE(cores.empty());
  std::thread([&] {  // the test's own thread keeps its freedom
    for (const int core : cores) {
      ASSERT_TRUE(pin_this_thread(core));
      EXPECT_EQ(sched_getcpu(), core);
    }
    EXPECT_FALSE(pin_this_thread(1 << 15));
  }).join();
}

}  // namespace
}  // namespace sirocco
