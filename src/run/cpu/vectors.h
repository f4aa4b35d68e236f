// SPDX-License-Identifier: Apache-2.0
// Small weights that are used as float32 vectors: decoded once at load.
#pragma once

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "tensor/weight_view.h"

namespace sirocco {

inline AlignedBuffer<float> decode_vector(const WeightView& view) {
  CHECK(view.rows == 1);
  AlignedBuffer<float> out(view.cols);
  decode_row(view, 0, out.data());
  return out;
}

inline AlignedBuffer<float> decode_matrix(const WeightView& view) {
  AlignedBuffer<float> out(view.rows * view.cols);
  for (int64_t r = 0; r < view.rows; ++r) decode_row(view, r, out.data() + r * view.cols);
  return out;
}

}  // namespace sirocco
