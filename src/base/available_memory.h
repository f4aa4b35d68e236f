// SPDX-License-Identifier: Apache-2.0
// How much memory this process may take now without swapping.
#pragma once

#include <cstdint>
#include <filesystem>

namespace sirocco {

// What the machine has available, or its control group leaves, whichever is less. The largest number where neither
// says.
uint64_t available_memory_bytes();

// The same as told by the files of a procfs (`proc`/meminfo) and of a control group of version 2 (`cgroup`/memory.*).
uint64_t available_memory_bytes(const std::filesystem::path& proc, const std::filesystem::path& cgroup);

}  // namespace sirocco
