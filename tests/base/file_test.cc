// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace sirocco {
namespace {

class WriteAtomically : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      out.insert(entry.path().filename().string());
    return out;
  }
  Result<void> write(const std::string& text) {
    return write_file_atomically(path_, std::as_bytes(std::span(text)));
  }

  // A process of its own, since ctest runs the cases beside one another.
  const std::string folder_ = testing::TempDir() + "sirocco_file" + std::to_string(::getpid());
  const std::string path_ = folder_ + "/a";
};

TEST_F(WriteAtomically, ReplacesAndTidiesUp) {
  std::ofstream(folder_ + "/.a.tmp.1.0") << "left by a writer that was killed";
  std::ofstream(path_ + ".other") << "somebody else's";
  std::ofstream(path_ + ".tmp.old") << "a name that a user may give";
  ASSERT_TRUE(write("one"));
  ASSERT_TRUE(write("two"));
  EXPECT_EQ(read_file(path_, 10).value(), "two");
  EXPECT_EQ(names(), (std::set<std::string>{"a", "a.other", "a.tmp.old"}));
}

TEST_F(WriteAtomically, WritersOfOneFileDoNotMix) {
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter)
    writers.emplace_back([this, text = std::string(1 << 20, letter)] {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(write(text));
    });
  for (std::thread& writer : writers) writer.join();
  const std::string text = read_file(path_, 1 << 21).value();
  EXPECT_EQ(text, std::string(1 << 20, text[0]));
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(WriteAtomically, NamesTheFileThatItCannotWrite) {
  const auto failed = write_file_atomically(folder_ + "/none/a", std::span<const std::byte>());
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("none/a"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
