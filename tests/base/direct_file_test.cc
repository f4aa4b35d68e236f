// SPDX-License-Identifier: Apache-2.0
#include "base/direct_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

#include "base/reserved_memory.h"

namespace sirocco {
namespace {

constexpr int64_t kSize = 3 * DirectFile::kBlock + 77;

std::byte at(int64_t i) {
  return static_cast<std::byte>(i * 31 % 251);
}

class DirectFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream file(path_, std::ios::binary);
    for (int64_t i = 0; i < kSize; ++i) file.put(static_cast<char>(at(i)));
  }
  void TearDown() override { std::remove(path_.c_str()); }
  const std::string path_ =  // of one's own: tests run side by side
      testing::TempDir() + "/direct_file_test_" + testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(DirectFileTest, ReadsAnyRange) {
  auto file = DirectFile::open(path_);
  ASSERT_TRUE(file) << file.error().message;
  for (const int64_t offset : {int64_t{0}, int64_t{1}, DirectFile::kBlock - 1, DirectFile::kBlock, kSize - 1})
    for (const int64_t bytes : {int64_t{1}, int64_t{100}, DirectFile::kBlock, DirectFile::kBlock + 1, kSize - offset}) {
      if (offset + bytes > kSize) continue;
      ReservedMemory room(DirectFile::room_for(bytes), ReservedMemory::Pages::plain);
      const std::byte* read = file->read(offset, bytes, {room.data(), static_cast<size_t>(room.size())});
      ASSERT_NE(read, nullptr) << offset << " " << bytes;
      for (int64_t i = 0; i < bytes; ++i) ASSERT_EQ(read[i], at(offset + i)) << offset << " " << bytes << " " << i;
    }
}

TEST_F(DirectFileTest, ReadsNothingBehindTheEnd) {
  auto file = DirectFile::open(path_);
  ASSERT_TRUE(file);
  ReservedMemory room(DirectFile::room_for(kSize), ReservedMemory::Pages::plain);
  const std::span<std::byte> all(room.data(), static_cast<size_t>(room.size()));
  EXPECT_EQ(file->read(kSize - 10, 11, all), nullptr);
  EXPECT_EQ(file->read(10 * kSize, 1, all), nullptr);
}

TEST(DirectFile, SaysWhichFileItCannotOpen) {
  const auto file = DirectFile::open("/nowhere/weights");
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().message.find("/nowhere/weights"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
