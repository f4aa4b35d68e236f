// SPDX-License-Identifier: Apache-2.0
// From the tower's patches to rows of the text model: norm, every merge × merge block of patches joined
// channel-major and narrowed by the merger, then W_out gelu(W_in y) with the exact GELU.
#pragma once

#include "model/config.h"
#include "model/weights.h"
#include "run/cpu/compute.h"
#include "run/cpu/matrix_loader.h"

namespace sirocco {

class VisionProjector {
 public:
  // `rows`: the most of one run.
  VisionProjector(const Config& config, const VisionWeights& weights, int64_t rows, MatrixLoader& loader);

  // Rows first … of the picture's merged grid, in reading order, into `out` [rows, D].
  void run(View<const float> x,  // [patches, Dv], `width` patches a grid row
           int64_t width, int64_t first, View<float> out, Compute& compute) const;
  double operations() const;  // of one row

 private:
  const int64_t merge_, hidden_;
  const float eps_;
  AlignedBuffer<float> norm_;  // [Dv]; empty: none
  Matrix merger_;              // [Dv, Dv · merge²]; absent when merge is 1
  Matrix in_, out_;            // [D, Dv], [D, D]
  // Of one run. Index of a joined row: channel · merge² + row in the block · merge + column in the block.
  AlignedBuffer<float> joined_, merged_, wide_;  // [rows, Dv · merge²], [rows, Dv], [rows, D]
};

}  // namespace sirocco
