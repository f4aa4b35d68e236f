// SPDX-License-Identifier: Apache-2.0
// Which hardware threads this process should compute on.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

namespace sirocco {

// One hardware thread of every physical core that this process may run on, ascending, and of those no more than its
// control group has time for. Never empty. Two threads of one core would share its units and its way to memory.
std::vector<int> compute_cores();

// The same of the hardware threads `allowed` (ascending), as told by a folder of processors as sysfs has one
// (`cpus`/cpuN/topology/thread_siblings_list) and by a control group of version 2 (`cgroup`/cpu.max). What they do
// not tell limits nothing.
std::vector<int> compute_cores(std::span<const int> allowed, const std::filesystem::path& cpus,
                               const std::filesystem::path& cgroup);

// Keeps the calling thread on one hardware thread. False: the system refuses.
bool pin_this_thread(int hardware_thread);

}  // namespace sirocco
