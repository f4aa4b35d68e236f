// SPDX-License-Identifier: Apache-2.0
// ReservedMemory: zeroed memory straight from the system, for weights and caches. Pages that nobody touches cost
// nothing; on a machine of several memory nodes they are spread over those of the computing cores (memory_nodes.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sirocco {

class ReservedMemory {
 public:
  enum class Pages { plain, huge };  // huge: asked for; without them things still work

  ReservedMemory() = default;
  // Starts on a page. Empty where the system refuses.
  ReservedMemory(int64_t bytes, Pages pages);
  ReservedMemory(ReservedMemory&& other) noexcept;
  ReservedMemory& operator=(ReservedMemory&& other) noexcept;
  ~ReservedMemory();

  std::byte* data() const { return bytes_.data(); }
  int64_t size() const { return std::ssize(bytes_); }
  bool empty() const { return bytes_.empty(); }

 private:
  std::span<std::byte> bytes_;
};

}  // namespace sirocco
