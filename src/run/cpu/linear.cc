// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/linear.h"

#include <vector>

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

namespace {

void linear_packed(const Matrix& weight, View<const float> x, View<float> y, Compute& compute) {
  Activations& narrow = compute.activations;
  const int64_t T = x.rows;
  narrow.resize(weight.kernel().records, T, x.cols);
  std::vector<RecordTile> tiles;
  for (int64_t first = 0; first < T; first += tiles.back().tokens) {
    const int tokens = next_tile(T - first, weight.kernel().most_tokens, weight.kernel().best_multiple);
    tiles.push_back({narrow.tile(first), tokens, first});
  }
  compute.pool.parallel_for(static_cast<int64_t>(tiles.size()), 1, [&](int64_t i, int64_t, int) {
    const auto [records, tokens, first] = tiles[static_cast<size_t>(i)];
    for (int t = 0; t < tokens; ++t) narrow.narrow(compute.ops, x.row(first + t), x.cols, first, tokens, t);
  });
  compute.pool.parallel_for(
      weight.strips(), strip_grain(weight, T, weight.strips(), compute.pool.size()),
      [&](int64_t begin, int64_t end, int) { weight.multiply(begin, end, tiles, y.data, y.stride); });
}

}  // namespace

void linear(const Matrix& weight, View<const float> x, View<float> y, Compute& compute) {
  CHECK(x.cols == weight.cols());
  CHECK(y.cols == weight.rows() && y.rows == x.rows);
  if (weight.packed()) return linear_packed(weight, x, y, compute);
  compute.pool.parallel_for(weight.rows(), kPanelRows, [&](int64_t begin, int64_t end, int worker) {
    float* scratch = compute.scratch(worker, kPanelRows * weight.cols());
    compute.ops.product(x, decode_panel(weight.source(), begin, end - begin, scratch),
                        y.slice_cols(begin, end - begin));
  });
}

}  // namespace sirocco
