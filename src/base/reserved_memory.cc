// SPDX-License-Identifier: Apache-2.0
#include "base/reserved_memory.h"

#include <sys/mman.h>

#include <utility>
#include <vector>

#include "base/memory_nodes.h"

namespace sirocco {

ReservedMemory::ReservedMemory(int64_t bytes, Pages pages) {
  const auto size = static_cast<size_t>(bytes);
  void* address =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return;
  bytes_ = {static_cast<std::byte*>(address), size};
  if (pages == Pages::huge) ::madvise(address, size, MADV_HUGEPAGE);
  if (const std::vector<int> nodes = compute_nodes(); nodes.size() > 1) spread_over(nodes, bytes_);
}

ReservedMemory::ReservedMemory(ReservedMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

ReservedMemory& ReservedMemory::operator=(ReservedMemory&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

ReservedMemory::~ReservedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace sirocco
