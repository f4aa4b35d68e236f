// SPDX-License-Identifier: Apache-2.0
// Stands in for src/base/memory_nodes.cc in a build without libnuma.
#include "base/memory_nodes.h"

namespace sirocco {

std::vector<int> compute_nodes() {
  return {};
}

bool spread_over(std::span<const int>, std::span<std::byte>) {
  return false;
}

}  // namespace sirocco
