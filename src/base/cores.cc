// SPDX-License-Identifier: Apache-2.0
#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace sirocco {
namespace {

struct FreeCpuSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};
using CpuSet = std::unique_ptr<cpu_set_t, FreeCpuSet>;

// Hardware threads that the scheduler may give to this process, ascending.
std::vector<int> allowed_threads() {
  std::vector<int> allowed;
  // The call fails for a set smaller than the kernel's own, whose size nobody tells.
  for (int capacity = 1024; capacity <= 1 << 16; capacity *= 2) {
    const CpuSet set(CPU_ALLOC(capacity));
    const size_t bytes = CPU_ALLOC_SIZE(capacity);
    if (!set || sched_getaffinity(0, bytes, set.get()) != 0) continue;
    for (int cpu = 0; cpu < capacity; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, set.get())) allowed.push_back(cpu);
    return allowed;
  }
  for (unsigned cpu = 0; cpu < std::max(1u, std::thread::hardware_concurrency()); ++cpu)
    allowed.push_back(static_cast<int>(cpu));
  return allowed;
}

// "0,16" or "0-3,8" -> the first number of each part and all between; stops at what it cannot read.
std::vector<int> numbers_of_list(const std::string& list) {
  constexpr int kMost = 1 << 16;
  std::vector<int> numbers;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at < end) {
    int first = 0, last = 0;
    auto read = std::from_chars(at, end, first);
    if (read.ec != std::errc()) break;
    last = first;
    if (read.ptr < end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc() || first < 0 || last >= kMost) break;
    for (int number = first; number <= last; ++number) numbers.push_back(number);
    at = read.ptr + 1;
  }
  return numbers;
}

bool leads_its_core(int cpu, std::span<const int> allowed, const std::filesystem::path& cpus) {
  std::ifstream file(cpus / ("cpu" + std::to_string(cpu)) / "topology" / "thread_siblings_list");
  std::string list;
  std::getline(file, list);
  for (const int sibling : numbers_of_list(list))
    if (sibling < cpu && std::binary_search(allowed.begin(), allowed.end(), sibling)) return false;
  return true;
}

// Cores' worth of time that a control group gets, rounded up; nothing: no limit.
std::optional<size_t> quota(const std::filesystem::path& cgroup) {
  std::ifstream file(cgroup / "cpu.max");
  uint64_t time = 0, period = 0;
  if (!(file >> time >> period) || period == 0) return std::nullopt;  // "max" is no number
  return std::max<uint64_t>(1, time / period + (time % period != 0));
}

}  // namespace

std::vector<int> compute_cores(std::span<const int> allowed, const std::filesystem::path& cpus,
                               const std::filesystem::path& cgroup) {
  std::vector<int> cores;
  for (const int cpu : allowed)
    if (leads_its_core(cpu, allowed, cpus)) cores.push_back(cpu);
  if (const auto most = quota(cgroup); most && *most < cores.size()) cores.resize(*most);
  return cores;
}

std::vector<int> compute_cores() {
  return compute_cores(allowed_threads(), "/sys/devices/system/cpu", "/sys/fs/cgroup");
}

bool pin_this_thread(int hardware_thread) {
  const CpuSet set(CPU_ALLOC(hardware_thread + 1));
  const size_t bytes = CPU_ALLOC_SIZE(hardware_thread + 1);
  if (!set) return false;
  CPU_ZERO_S(bytes, set.get());
  CPU_SET_S(static_cast<size_t>(hardware_thread), bytes, set.get());
  return sched_setaffinity(0, bytes, set.get()) == 0;  // 0: the calling thread alone
}

}  // namespace sirocco
