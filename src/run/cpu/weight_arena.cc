// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/weight_arena.h"

#include <algorithm>
#include <utility>

namespace sirocco {
namespace {

constexpr int64_t kPieceBytes = int64_t{256} << 20;
constexpr int64_t kHugePageBytes = int64_t{2} << 20;

int64_t round_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

std::byte* WeightArena::allocate(int64_t bytes) {
  bytes = round_up(bytes, 64);
  if (pieces_.empty() || pieces_.back().memory.size() - pieces_.back().used < bytes) {
    const int64_t size = round_up(std::max(bytes, kPieceBytes), kHugePageBytes);
    ReservedMemory memory(size, ReservedMemory::Pages::huge);
    if (memory.empty()) return nullptr;
    pieces_.push_back({std::move(memory), 0});
  }
  Piece& piece = pieces_.back();
  std::byte* data = piece.memory.data() + piece.used;
  piece.used += bytes;
  return data;
}

}  // namespace sirocco
