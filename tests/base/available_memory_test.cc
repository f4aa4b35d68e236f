// SPDX-License-Identifier: Apache-2.0
#include "base/available_memory.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/temporary_directory.h"

namespace sirocco {
namespace {

constexpr uint64_t kUntold = std::numeric_limits<uint64_t>::max();

class AvailableMemory : public testing::Test {
 protected:
  void write_meminfo(const std::string& available_kb) {
    files_.write("meminfo", "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    " + available_kb +
                                " kB\nHugePages_Total:       0\n");
  }
  void write_control_group(const std::string& max, const std::string& current, const std::string& stat) {
    files_.write("memory.max", max + "\n");
    files_.write("memory.current", current + "\n");
    files_.write("memory.stat", stat);
  }
  uint64_t available() const { return available_memory_bytes(files_.path(), files_.path()); }

  const TemporaryDirectory files_;
};

TEST_F(AvailableMemory, IsTheMachinesWithoutALimit) {
  write_meminfo("8000");
  EXPECT_EQ(available(), 8000U * 1024);
  write_control_group("max", "5000", "inactive_file 1000\n");
  EXPECT_EQ(available(), 8000U * 1024);
}

TEST_F(AvailableMemory, IsWhatTheLimitLeaves) {
  write_meminfo("8000");
  write_control_group("1000000", "700000", "anon 700000\nfile 0\n");
  EXPECT_EQ(available(), 300'000U);
  write_meminfo("100");  // the machine is fuller than its group
  EXPECT_EQ(available(), 100U * 1024);
}

TEST_F(AvailableMemory, DoesNotCountCachedPagesOfFiles) {
  write_meminfo("8000");
  // `file` holds shared memory as well, which nobody gives back; the two lists do not.
  write_control_group("1000000", "990000", "anon 190000\nfile 800000\ninactive_file 500000\nactive_file 200000\n");
  EXPECT_EQ(available(), 710'000U);
}

TEST_F(AvailableMemory, IsNothingAtTheLimit) {
  write_meminfo("8000");
  write_control_group("1000000", "1000000", "anon 1000000\n");
  EXPECT_EQ(available(), 0U);
  write_control_group("1000000", "1200000", "anon 1200000\n");  // the limit was lowered
  EXPECT_EQ(available(), 0U);
}

TEST_F(AvailableMemory, SurvivesCountersThatDisagree) {
  write_meminfo("8000");
  write_control_group("1000000", "1000", "inactive_file 5000\nactive_file 5000\n");  // read one after the other
  EXPECT_EQ(available(), 1'000'000U);
}

TEST_F(AvailableMemory, IsUntoldWithoutFiles) {
  EXPECT_EQ(available(), kUntold);
  files_.write("memory.max", "1000000\n");  // and no memory.current
  EXPECT_EQ(available(), kUntold);
  files_.write("memory.current", "400000\n");  // and no memory.stat
  EXPECT_EQ(available(), 600'000U);
}

TEST(AvailableMemoryHere, IsRead) {
  EXPECT_GT(available_memory_bytes(), 1U << 20);
}

}  // namespace
}  // namespace sirocco
