// SPDX-License-Identifier: Apache-2.0
// WeightView: one logical weight matrix W as it lies on disk, whatever the layout. Views only; the checkpoint
// owns the bytes. All matrix products of the model are y = x Wᵀ with W [rows = outputs, cols = inputs].
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace sirocco {

struct WeightView {
  DType dtype = DType::f32;
  int64_t rows = 0;
  int64_t cols = 0;
  const std::byte* data = nullptr;  // [rows, cols] in blocks of `dtype`
  int64_t row_stride_bytes = 0;     // >= row_bytes(dtype, cols)

  float scale = 1.0f;  // every decoded element is multiplied by it in float32 (FP8 per-tensor scale)

  // nvfp4_packed only: w = e2m1 · e4m3(block scale) / global_divisor (compressed-tensors 0.13)
  const uint8_t* block_scales = nullptr;  // [rows, cols / 16]
  float global_divisor = 1.0f;

  bool present() const { return data != nullptr; }
  WeightView slice_rows(int64_t begin, int64_t count) const;
  int64_t bytes() const;  // all that a pass over the matrix reads, scales included
};

// Decodes row `row` into out[cols], float32, exactly as the format defines.
void decode_row(const WeightView& weight, int64_t row, float* out);

}  // namespace sirocco
