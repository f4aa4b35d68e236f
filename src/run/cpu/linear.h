// SPDX-License-Identifier: Apache-2.0
// Products with weight matrices. Packed: x is narrowed once and strips are shared out over the threads.
// Otherwise rows of W are decoded to float32 a panel at a time. Either way each weight byte is read once a
// call, however many tokens there are.
#pragma once

#include <algorithm>

#include "run/cpu/compute.h"
#include "run/cpu/matrix.h"

namespace sirocco {

inline constexpr int64_t kPanelRows = 8;

// Strips that one worker takes at a time, out of `strips` in all. Streams of weights should not end often; with many
// tokens, a tile's records are reused from the second cache for all of them.
inline int64_t strip_grain(const Matrix& weight, int64_t tokens, int64_t strips, int threads) {
  const int64_t even = strips / (4 * threads);
  if (weight.asks_ahead(tokens)) return std::clamp<int64_t>(even / 2 * 2, 2, 32);  // its first pair comes unasked
  return std::clamp<int64_t>(even, 1, tokens > 4 * kMaxTile ? 16 : 8);
}

// Rows begin … begin+count of `weight` as float32 [count, cols]: in place where they lie so on disk, decoded
// into `scratch` otherwise. REQUIRES count <= kPanelRows, scratch of kPanelRows * cols floats.
View<const float> decode_panel(const WeightView& weight, int64_t begin, int64_t count, float* scratch);

// y[t, :] = W x[t, :]
void linear(const Matrix& weight,  // [N, K]
            View<const float> x,   // [T, K]
            View<float> y,         // [T, N]
            Compute& compute);

}  // namespace sirocco
