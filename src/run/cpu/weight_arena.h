// SPDX-License-Identifier: Apache-2.0
// WeightArena: memory for packed weights, taken in large pieces with huge pages and released all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/reserved_memory.h"

namespace sirocco {

class WeightArena {
 public:
  std::byte* allocate(int64_t bytes);  // 64-byte aligned; null when the system has no more

 private:
  struct Piece {
    ReservedMemory memory;
    int64_t used;
  };
  std::vector<Piece> pieces_;
};

}  // namespace sirocco
