// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/packed_rows.h"

#include <algorithm>

#include "ops/pack.h"

namespace sirocco {

void pack_rows(const OpTable& ops, DType dtype, View<const float> x, int64_t cols, std::byte* strips) {
  const int64_t strip_bytes = packed_strip_bytes(dtype, cols);
  for (int64_t r = 0; r < x.rows; r += kStripRows, strips += strip_bytes) {
    const View<const float> rows = x.slice_rows(r, std::min<int64_t>(kStripRows, x.rows - r));
    for (int64_t c = 0; c < x.cols; c += kRecordColumns)
      pack_floats(ops, dtype, rows.slice_cols(c, std::min<int64_t>(kRecordColumns, x.cols - c)), c / kRecordColumns,
                  cols, strips);
  }
}

void pack_columns(const OpTable& ops, DType dtype, View<const float> x, int64_t block, int64_t cols,
                  std::byte* strips) {
  const int64_t strip_bytes = packed_strip_bytes(dtype, cols);
  float turned[kStripRows * kRecordColumns];
  const View<float> rows = make_view(turned, kStripRows, x.rows);
  for (int64_t begin = 0; begin < x.cols; begin += kStripRows, strips += strip_bytes) {
    const int64_t count = std::min<int64_t>(kStripRows, x.cols - begin);
    for (int64_t t = 0; t < x.rows; ++t)
      for (int64_t c = 0; c < count; ++c) rows.at(c, t) = x.at(t, begin + c);
    pack_floats(ops, dtype, rows.slice_rows(0, count), block, cols, strips);
  }
}

void multiply_rows(const PackedKernel& kernel, const std::byte* strips, int64_t rows, int64_t cols,
                   const std::byte* records, View<float> y) {
  const WeightView shape{.dtype = kernel.dtype, .rows = rows, .cols = cols};
  const int64_t strip_bytes = packed_strip_bytes(kernel.dtype, cols);
  PackedStrip strip = packed_strip(shape, 0, strips);
  for (int64_t row = 0; row < rows; row += kStripRows) {
    strip.rows = static_cast<int>(std::min<int64_t>(kStripRows, rows - row));
    kernel.multiply(strip, records, static_cast<int>(y.rows), y.data + row, y.stride);
    strip.lines += strip_bytes;
    strip.scales += strip_bytes;
  }
}

}  // namespace sirocco
