// SPDX-License-Identifier: Apache-2.0
#include "tensor/weight_view.h"

#include "base/check.h"
#include "tensor/block_decoders.h"

namespace sirocco {

WeightView WeightView::slice_rows(int64_t begin, int64_t count) const {
  CHECK(begin >= 0 && count >= 0 && begin + count <= rows);
  WeightView slice = *this;
  slice.rows = count;
  slice.data += begin * row_stride_bytes;
  if (block_scales != nullptr) slice.block_scales += begin * (cols / 16);
  return slice;
}

int64_t WeightView::bytes() const {
  const int64_t scale_bytes = dtype == DType::nvfp4_packed ? cols / 16 : 0;
  return rows * (row_bytes(dtype, cols) + scale_bytes);
}

void decode_row(const WeightView& weight, int64_t row, float* out) {
  CHECK(row >= 0 && row < weight.rows);
  const std::byte* data = weight.data + row * weight.row_stride_bytes;
  if (weight.dtype == DType::nvfp4_packed) {
    CHECK(weight.block_scales != nullptr && weight.cols % 16 == 0);
    const uint8_t* scales = weight.block_scales + row * (weight.cols / 16);
    decode_nvfp4_packed_row(data, scales, weight.global_divisor, weight.cols, out);
  } else {
    const DTypeTraits& type_traits = traits(weight.dtype);
    CHECK(type_traits.decode != nullptr && weight.cols % type_traits.block_elements == 0);
    type_traits.decode(data, weight.cols / type_traits.block_elements, out);
  }
  if (weight.scale == 1.0f) return;
  for (int64_t i = 0; i < weight.cols; ++i) out[i] *= weight.scale;
}

}  // namespace sirocco
