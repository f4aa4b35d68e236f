// SPDX-License-Identifier: Apache-2.0
#include "base/direct_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace sirocco {

Result<DirectFile> DirectFile::open(const std::string& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (file < 0) file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);  // some file systems cannot
  if (file < 0) return system_error(path, "open");
  return DirectFile(Descriptor(file));
}

const std::byte* DirectFile::read(int64_t offset, int64_t bytes, std::span<std::byte> room) const {
  const int64_t begin = offset / kBlock * kBlock;
  const int64_t want = offset + bytes - begin;
  const int64_t whole = (want + kBlock - 1) / kBlock * kBlock;  // the file's last block comes as short as it is
  CHECK(whole <= std::ssize(room) && reinterpret_cast<uintptr_t>(room.data()) % kBlock == 0);
  for (int64_t done = 0; done < want;) {
    const ssize_t got = ::pread(file_.get(), room.data() + done, static_cast<size_t>(whole - done), begin + done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return nullptr;
    done += got;
  }
  return room.data() + (offset - begin);
}

}  // namespace sirocco
