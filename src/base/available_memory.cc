// SPDX-License-Identifier: Apache-2.0
#include "base/available_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace sirocco {
namespace {

// Nothing: there is no such file, or it says "max".
std::optional<uint64_t> sole_number(const std::filesystem::path& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return std::nullopt;
  return number;
}

// Of the line that begins with `key`, in a file of lines "key number" with or without a unit behind.
std::optional<uint64_t> number_of(const std::filesystem::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string word, unit; file >> word; std::getline(file, unit)) {
    uint64_t number = 0;
    if (!(file >> number)) return std::nullopt;
    if (word == key) return number;
  }
  return std::nullopt;
}

}  // namespace

uint64_t available_memory_bytes(const std::filesystem::path& proc, const std::filesystem::path& cgroup) {
  uint64_t available = std::numeric_limits<uint64_t>::max();
  if (const auto kilobytes = number_of(proc / "meminfo", "MemAvailable:")) available = *kilobytes * 1024;
  const auto limit = sole_number(cgroup / "memory.max");
  const auto current = sole_number(cgroup / "memory.current");
  if (!limit || !current) return available;
  // Cached pages of files are given back on demand: a checkpoint that was just read must not look like used memory.
  uint64_t cached = 0;
  for (const char* list : {"inactive_file", "active_file"})
    cached += number_of(cgroup / "memory.stat", list).value_or(0);
  const uint64_t used = *current - std::min(*current, cached);
  return std::min(available, *limit - std::min(*limit, used));
}

uint64_t available_memory_bytes() {
  return available_memory_bytes("/proc", "/sys/fs/cgroup");
}

}  // namespace sirocco
