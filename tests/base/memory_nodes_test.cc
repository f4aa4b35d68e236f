// SPDX-License-Identifier: Apache-2.0
// What a machine of one node can show; where there are more, that pages come from all of them.
#include "base/memory_nodes.h"

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/reserved_memory.h"

namespace sirocco {
namespace {

constexpr int64_t kBytes = int64_t{8} << 20;

// The policy of a page, or the node that it lies on; -1 where the system does not say.
int asked(const std::byte* page, unsigned long question) {
  int answer = -1;
  return syscall(SYS_get_mempolicy, &answer, nullptr, 0, page, question) == 0 ? answer : -1;
}

class MemoryNodes : public testing::Test {
 protected:
  void SetUp() override {
    if (nodes_.empty()) GTEST_SKIP() << "no libnuma in this build, or no nodes told";
  }
  const std::vector<int> nodes_ = compute_nodes();
};

TEST_F(MemoryNodes, AreAscendingAndEachOnce) {
  const std::set<int> set(nodes_.begin(), nodes_.end());
  EXPECT_TRUE(std::ranges::equal(nodes_, set));
  EXPECT_GE(nodes_.front(), 0);
}

TEST_F(MemoryNodes, SpreadMemoryTakesPagesInTurn) {
  const ReservedMemory memory(kBytes, ReservedMemory::Pages::plain);
  if (!spread_over(nodes_, {memory.data(), static_cast<size_t>(kBytes)})) GTEST_SKIP() << "the system refuses";
  EXPECT_EQ(asked(memory.data() + kBytes / 2, MPOL_F_ADDR), MPOL_INTERLEAVE);
  std::fill(memory.data(), memory.data() + kBytes, std::byte{1});
  std::set<int> found;
  for (int64_t at = 0; at < kBytes; at += ::getpagesize())
    found.insert(asked(memory.data() + at, MPOL_F_ADDR | MPOL_F_NODE));
  EXPECT_EQ(found, std::set<int>(nodes_.begin(), nodes_.end()));
}

TEST_F(MemoryNodes, RefuseWhatIsNoNode) {
  const ReservedMemory memory(kBytes, ReservedMemory::Pages::plain);
  EXPECT_FALSE(spread_over({}, {memory.data(), static_cast<size_t>(kBytes)}));
}

TEST_F(MemoryNodes, ReservedMemoryIsSpreadWhereThereAreSeveral) {
  const ReservedMemory memory(kBytes, ReservedMemory::Pages::huge);
  const int policy = asked(memory.data(), MPOL_F_ADDR);
  if (policy < 0) GTEST_SKIP() << "the system does not say";
  EXPECT_EQ(policy, nodes_.size() > 1 ? MPOL_INTERLEAVE : MPOL_DEFAULT);
}

}  // namespace
}  // namespace sirocco
