// SPDX-License-Identifier: Apache-2.0
// Memory nodes (NUMA): on a machine of several sockets each has memory of its own, and the cores of the others reach
// it through a narrower way. Workers claim the pieces of a region in turn (thread_pool.h), so none is always the one
// that reads a given row: what all read is spread over all nodes, and every node's channels deliver.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sirocco {

// Nodes of the cores that this process computes on (cores.h), as far as it may take memory there, ascending. Empty
// where the system does not tell or the build has no libnuma.
std::vector<int> compute_nodes();

// Pages of `memory`, which starts on a page, will come from `nodes` in turn when they are first touched. False: the
// system refuses (some containers do), and a page comes from the node of whoever touches it first.
bool spread_over(std::span<const int> nodes, std::span<std::byte> memory);

}  // namespace sirocco
