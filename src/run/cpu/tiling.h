// SPDX-License-Identifier: Apache-2.0
// Tiling: tokens 0 … T in tiles that every packed kernel takes.
#pragma once

#include <span>
#include <vector>

#include "run/cpu/activations.h"

namespace sirocco {

struct TokenTile {
  int64_t first;
  int tokens;
};

class Tiling {
 public:
  explicit Tiling(int64_t tokens) {
    for (int64_t first = 0; first < tokens; first += tiles_.back().tokens)
      tiles_.push_back({first, next_tile(tokens - first)});
  }
  int64_t count() const { return std::ssize(tiles_); }
  const TokenTile& operator[](int64_t index) const { return tiles_[static_cast<size_t>(index)]; }
  std::span<const TokenTile> slice(int64_t begin, int64_t end) const {
    return std::span(tiles_).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  }
  auto begin() const { return tiles_.begin(); }
  auto end() const { return tiles_.end(); }

 private:
  std::vector<TokenTile> tiles_;
};

}  // namespace sirocco
