// SPDX-License-Identifier: Apache-2.0
// Products with weight matrices. Packed: x is narrowed once and strips are shared out over the threads.
// Otherwise rows of W are decoded to float32 a panel at a time. Either way each weight byte is read once a
// call, however many tokens there are.
#pragma once

#include "run/cpu/compute.h"
#include "run/cpu/matrix.h"

namespace sirocco {

inline constexpr int64_t kPanelRows = 8;

// Strips that one worker takes at a time for `tokens` tokens. With many tokens, records are then reused from
// the cache for several strips; a tall matrix has enough strips to share them out in longer streams.
inline int64_t strip_grain(int64_t tokens, int64_t strips) {
  if (tokens > 4 * kMaxTile) return 4;
  return strips >= 1024 ? 8 : 1;
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
