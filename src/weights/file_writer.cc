// SPDX-License-Identifier: Apache-2.0
#include "weights/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr size_t kLargestWriteBytes = size_t{1} << 30;  // Linux writes at most 2 GiB at once

tl::unexpected<Error> system_error(const std::string& path, const char* what, int number) {
  return fail(ErrorKind::resource, fmt::format("{}: cannot {}: {}", path, what, std::strerror(number)));
}

}  // namespace

Result<FileWriter> FileWriter::create(const std::string& path) {
  FileWriter writer;
  writer.path_ = path;
  writer.temporary_ = fmt::format("{}.partial-{}", path, ::getpid());
  writer.descriptor_ = ::open(writer.temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (writer.descriptor_ < 0) {
    const int number = errno;
    writer.temporary_.clear();
    return system_error(path, "create", number);
  }
  return writer;
}

FileWriter::FileWriter(FileWriter&& other) noexcept {
  *this = std::move(other);
}

FileWriter& FileWriter::operator=(FileWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(written_bytes_, other.written_bytes_);
  return *this;
}

FileWriter::~FileWriter() {
  discard();
}

void FileWriter::discard() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
  temporary_.clear();
}

Result<void> FileWriter::write(std::span<const std::byte> bytes) {
  CHECK(descriptor_ >= 0);
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), std::min(bytes.size(), kLargestWriteBytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path_, "write", errno);
    written_bytes_ += count;
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

Result<void> FileWriter::publish() {
  CHECK(descriptor_ >= 0);
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) return system_error(path_, "finish writing", errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    return system_error(path_, "rename into place", errno);
  temporary_.clear();
  return {};
}

}  // namespace sirocco
