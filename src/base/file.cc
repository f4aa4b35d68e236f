// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "base/descriptor.h"
#include "base/mapped_file.h"

namespace sirocco {

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  auto file = MappedFile::open(path);
  if (!file) return forward_error(file);
  const auto bytes = file->bytes();
  if (bytes.size() > max_bytes)
    return bad_input(fmt::format("{}: {} bytes, expected at most {}", path, bytes.size(), max_bytes));
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<void> write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  return write_file_atomically(path, std::span(&bytes, 1));
}

namespace {

// "folder/name" -> "folder/.name.tmp.": no name that a user gives a file of ours begins with a dot.
std::filesystem::path temporary_prefix(const std::filesystem::path& target) {
  return target.parent_path() / fmt::format(".{}.tmp.", target.filename().string());
}

// A writer holds a lock on its temporary file; one that nobody holds was left by a writer that died.
void remove_abandoned(const std::string& path) {
  const std::filesystem::path prefix_path = temporary_prefix(path);
  const std::string prefix = prefix_path.filename().string();
  std::error_code error;
  const auto folder = prefix_path.has_parent_path() ? prefix_path.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->path().filename().string().starts_with(prefix)) continue;
    Descriptor fd(::open(it->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd.get() >= 0 && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(it->path().c_str());
  }
}

// A locked new file that still has its name: between its creation and its lock another writer may have taken
// it for abandoned.
Descriptor create_locked(const std::string& path) {
  for (;;) {
    Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    struct stat info {};
    if (fd.get() < 0 || ::flock(fd.get(), LOCK_EX) != 0 || ::fstat(fd.get(), &info) != 0) return fd;
    if (info.st_nlink > 0) return fd;
  }
}

Result<void> write_all(const Descriptor& fd, const std::string& path,
                       std::span<const std::span<const std::byte>> parts) {
  for (std::span<const std::byte> rest : parts)
    while (!rest.empty()) {
      const ssize_t n = ::write(fd.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return system_error(path, "write");
      rest = rest.subspan(static_cast<size_t>(n));
    }
  if (::fsync(fd.get()) != 0) return system_error(path, "sync");
  return {};
}

}  // namespace

Result<void> write_file_atomically(const std::string& path,
                                   std::span<const std::span<const std::byte>> parts) {
  static std::atomic<uint64_t> next = 0;  // two threads may write the same file
  const std::string temporary = fmt::format("{}{}.{}", temporary_prefix(path).string(), ::getpid(), next++);
  remove_abandoned(path);
  const Descriptor fd = create_locked(temporary);
  if (fd.get() < 0) return system_error(path, "create");
  auto done = write_all(fd, temporary, parts);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = system_error(path, "replace");
  if (!done) ::unlink(temporary.c_str());
  return done;
}

}  // namespace sirocco
