// SPDX-License-Identifier: Apache-2.0
// SoftmaxRows: Σ_l softmax(s)[i, l] v[l, :] for many rows at once, fed a tile of keys at a time
// (online softmax, arXiv:1805.02867). A row's result depends on its own tiles and their order alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/view.h"
#include "ops/table.h"

namespace sirocco {

class SoftmaxRows {
 public:
  SoftmaxRows(View<float> sums,  // [rows, V], overwritten
              const OpTable& ops)
      : sums_(sums),
        ops_(ops),
        max_(static_cast<size_t>(sums.rows), -std::numeric_limits<float>::infinity()),
        total_(static_cast<size_t>(sums.rows), 0.0f) {
    for (int64_t i = 0; i < sums.rows; ++i) std::fill(sums.row(i), sums.row(i) + sums.cols, 0.0f);
  }

  // Scores of rows first_row, first_row + 1, … against this tile's values; -inf masks. Scores are consumed.
  void add(View<float> scores,        // [n, tile]
           View<const float> values,  // [tile, V]
           int64_t first_row = 0) {
    for (int64_t i = 0; i < scores.rows; ++i) {
      const auto row = static_cast<size_t>(first_row + i);
      const float max = std::max(max_[row], ops_.largest(scores.row(i), scores.cols));
      if (max > max_[row]) {
        const float shrink = std::exp(max_[row] - max);  // 0 for the first tile
        total_[row] *= shrink;
        float* sum = sums_.row(first_row + i);
        for (int64_t c = 0; c < sums_.cols; ++c) sum[c] *= shrink;
        max_[row] = max;
      }
      total_[row] += ops_.exp_minus(scores.row(i), scores.cols, max);
    }
    ops_.accumulate(scores, values, sums_.slice_rows(first_row, scores.rows));
  }

  void finish() {
    for (int64_t i = 0; i < sums_.rows; ++i) {
      const float inverse = 1.0f / total_[static_cast<size_t>(i)];
      for (int64_t c = 0; c < sums_.cols; ++c) sums_.at(i, c) *= inverse;
    }
  }

 private:
  View<float> sums_;
  const OpTable& ops_;
  std::vector<float> max_, total_;  // [rows]
};

}  // namespace sirocco
