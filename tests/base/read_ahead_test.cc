// SPDX-License-Identifier: Apache-2.0
#include "base/read_ahead.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/mapped_file.h"

namespace sirocco {
namespace {

constexpr size_t kDroppedBytes = size_t{8} << 20;

// A file whose pages the system was told to drop.
class DroppedFile {
 public:
  DroppedFile() {
    const int fd = ::mkstemp(path_.data());
    const std::vector<char> page(kDroppedBytes, 'x');
    EXPECT_EQ(::write(fd, page.data(), page.size()), static_cast<ssize_t>(kDroppedBytes));
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
  ~DroppedFile() { ::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "/read_ahead_XXXXXX";
};

size_t pages_in_memory(std::span<const std::byte> bytes) {
  std::vector<unsigned char> there(bytes.size() / static_cast<size_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(::mincore(const_cast<std::byte*>(bytes.data()), bytes.size(), there.data()), 0);
  size_t count = 0;
  for (const unsigned char page : there) count += page & 1u;
  return count;
}

TEST(ReadAhead, BringsWhatIsWanted) {
  const DroppedFile dropped;
  auto file = MappedFile::open(dropped.path());
  ASSERT_TRUE(file);
  const size_t pages = kDroppedBytes / static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (pages_in_memory(file->bytes()) == pages) GTEST_SKIP() << "this file system drops no pages";
  ReadAhead ahead;
  ahead.want(file->bytes().first(kDroppedBytes / 2));
  ahead.want(file->bytes().subspan(kDroppedBytes / 2 + 1));  // need not begin on a page
  for (int i = 0; i < 1000 && pages_in_memory(file->bytes()) < pages; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(pages_in_memory(file->bytes()), pages);
}

TEST(ReadAhead, EndsWithMuchStillWanted) {
  const DroppedFile dropped;
  auto file = MappedFile::open(dropped.path());
  ASSERT_TRUE(file);
  ReadAhead ahead;
  for (int i = 0; i < 10'000; ++i) ahead.want(file->bytes());
}

TEST(ReadAhead, NeedsNoThreadUntilSomethingIsWanted) {
  const ReadAhead ahead;
}

}  // namespace
}  // namespace sirocco
