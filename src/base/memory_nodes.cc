// SPDX-License-Identifier: Apache-2.0
#include "base/memory_nodes.h"

#include <numa.h>
#include <numaif.h>

#include <memory>
#include <set>

#include "base/cores.h"

namespace sirocco {
namespace {

struct FreeMask {
  void operator()(bitmask* mask) const { numa_bitmask_free(mask); }
};
using Mask = std::unique_ptr<bitmask, FreeMask>;

}  // namespace

std::vector<int> compute_nodes() {
  if (numa_available() < 0) return {};
  const Mask allowed(numa_get_mems_allowed());
  std::set<int> nodes;
  for (const int core : compute_cores())
    if (const int node = numa_node_of_cpu(core);
        node >= 0 && numa_bitmask_isbitset(allowed.get(), static_cast<unsigned>(node)) != 0)
      nodes.insert(node);
  return {nodes.begin(), nodes.end()};
}

bool spread_over(std::span<const int> nodes, std::span<std::byte> memory) {
  if (numa_available() < 0) return false;
  const Mask mask(numa_allocate_nodemask());
  for (const int node : nodes) numa_bitmask_setbit(mask.get(), static_cast<unsigned>(node));
  // The system reads one bit less than it is told of.
  return mbind(memory.data(), memory.size(), MPOL_INTERLEAVE, mask->maskp, mask->size + 1, 0) == 0;
}

}  // namespace sirocco
