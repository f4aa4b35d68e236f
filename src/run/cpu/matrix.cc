// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/matrix.h"

#include <algorithm>

namespace sirocco {

PackedStrip Matrix::strip(int64_t index) const {
  return packed_strip(shape_, index, data_ + index * strip_bytes_);
}

PackedStrip Matrix::strip_asking(int64_t index, int64_t next, int64_t end, size_t i, size_t n) const {
  PackedStrip strip = this->strip(index);
  if (next >= end) return strip;
  const auto tiles = static_cast<int64_t>(n);
  strip.ahead_lines = (strip_bytes_ / 64 + tiles - 1) / tiles;
  strip.ahead = this->strip(next).lines + 64 * strip.ahead_lines * static_cast<int64_t>(i);
  return strip;
}

void Matrix::multiply(int64_t begin, int64_t end, std::span<const RecordTile> tiles, float* y,
                      int64_t y_stride) const {
  int64_t tokens = 0;
  for (const RecordTile& tile : tiles) tokens += tile.tokens;
  constexpr int64_t kPair = 2, kTogether = 8;
  const bool asks = asks_ahead(tokens);
  const int64_t step = asks ? kPair : kTogether;
  PackedStrip strips[kTogether];
  const auto run = [&](int64_t first, size_t i) {
    const int64_t count = std::min(step, end - first);
    for (int64_t j = first; j < first + count; ++j)
      strips[j - first] = asks ? strip_asking(j, j + kPair, end, i, tiles.size()) : strip(j);
    const RecordTile& tile = tiles[i];
    kernel_->run(strips, static_cast<int>(count), tile.records, tile.tokens,
                 y + tile.first * y_stride + kStripRows * first, y_stride);
  };
  if (asks) {
    for (int64_t first = begin; first < end; first += step)
      for (size_t i = 0; i < tiles.size(); ++i) run(first, i);
  } else {
    for (size_t i = 0; i < tiles.size(); ++i)
      for (int64_t first = begin; first < end; first += step) run(first, i);
  }
}

void Matrix::pack_strips(int64_t begin, int64_t end) const {
  WeightView source = source_;
  if (read_at_ != nullptr) source.data = read_at_;
  for (int64_t s = begin; s < end; ++s) pack_(source, s, data_ + s * strip_bytes_);
}

void Matrix::move_to(std::byte* place) {
  data_ = place;
  promised_ = place != nullptr;
}

}  // namespace sirocco
