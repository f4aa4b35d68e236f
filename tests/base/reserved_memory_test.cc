// SPDX-License-Identifier: Apache-2.0
#include "base/reserved_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sirocco {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(ReservedMemory, IsZeroedWritableAndStartsOnAPage) {
  for (const auto pages : {ReservedMemory::Pages::plain, ReservedMemory::Pages::huge}) {
    const ReservedMemory memory(3 * kMiB + 5, pages);
    ASSERT_EQ(memory.size(), 3 * kMiB + 5);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % static_cast<uintptr_t>(::getpagesize()), 0u);
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    EXPECT_TRUE(std::all_of(memory.data(), memory.data() + memory.size(), is_zero));
    memory.data()[memory.size() - 1] = std::byte{7};
  }
}

TEST(ReservedMemory, IsEmptyWhereTheSystemRefuses) {
  EXPECT_TRUE(ReservedMemory().empty());
  EXPECT_TRUE(ReservedMemory(int64_t{1} << 60, ReservedMemory::Pages::plain).empty());
  EXPECT_TRUE(ReservedMemory(0, ReservedMemory::Pages::plain).empty());
}

TEST(ReservedMemory, GoesWithItsOwner) {
  ReservedMemory first(kMiB, ReservedMemory::Pages::plain);
  std::byte* const data = first.data();
  data[17] = std::byte{3};
  ReservedMemory second(std::move(first));
  EXPECT_EQ(second.data(), data);
  ReservedMemory third;
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.data()[17], std::byte{3});
}

TEST(ReservedMemory, OfMoreThanTheMachineHasCostsNothingUntouched) {
  const ReservedMemory memory(int64_t{1} << 42, ReservedMemory::Pages::plain);
  if (memory.empty()) GTEST_SKIP() << "this system counts reservations";
  memory.data()[memory.size() / 2] = std::byte{1};
}

}  // namespace
}  // namespace sirocco
