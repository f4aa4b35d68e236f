// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/linear.h"

#include "base/check.h"

namespace sirocco {

View<const float> decode_panel(const WeightView& weight, int64_t begin, int64_t count, float* scratch) {
  if (weight.dtype == DType::f32 && weight.scale == 1.0f &&
      reinterpret_cast<uintptr_t>(weight.data) % alignof(float) == 0 && weight.row_stride_bytes % 4 == 0) {
    const auto* rows = reinterpret_cast<const float*>(weight.data + begin * weight.row_stride_bytes);
    return {rows, count, weight.cols, weight.row_stride_bytes / 4};
  }
  for (int64_t i = 0; i < count; ++i) decode_row(weight, begin + i, scratch + i * weight.cols);
  return make_view<const float>(scratch, count, weight.cols);
}

void linear(const WeightView& weight, View<const float> x, View<float> y, Compute& compute) {
  CHECK(x.cols == weight.cols);
  CHECK(y.cols == weight.rows && y.rows == x.rows);
  compute.pool.parallel_for(weight.rows, kPanelRows, [&](int64_t begin, int64_t end, int worker) {
    float* scratch = compute.scratch(worker, kPanelRows * weight.cols);
    compute.ops.product(x, decode_panel(weight, begin, end - begin, scratch),
                        y.slice_cols(begin, end - begin));
  });
}

}  // namespace sirocco
