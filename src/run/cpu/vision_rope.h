// SPDX-License-Identifier: Apache-2.0
// Rotary positions in two dimensions: of a head's hd / 2 angles the first half turns with the patch's row, by
// the even-numbered of the usual frequencies, the second with its column, by the odd-numbered ones.
// Must match exactly: frequencies and angles are float32, as in ops/rope.h.
#pragma once

#include <vector>

#include "model/config.h"

namespace sirocco {

class VisionRope {
 public:
  // For a grid of `height` × `width` patches. Pairs (2i, 2i + 1) when interleaved, else (i, i + hd / 2).
  VisionRope(const VisionConfig& config, bool interleaved, int64_t height, int64_t width);

  // Rotates all heads of `row` [heads · hd], which belongs to patch `index` in reading order.
  void rotate(int64_t index, float* row) const;

 private:
  const int64_t heads_, head_dim_, width_;
  const bool interleaved_;
  std::vector<float> row_cos_, row_sin_, col_cos_, col_sin_;  // [height or width, hd / 4]
};

}  // namespace sirocco
