// SPDX-License-Identifier: Apache-2.0
// Products with weight matrices: rows of W are decoded a panel at a time and multiplied with every x row, so
// each weight byte is read once a call, however many tokens there are.
#pragma once

#include "run/cpu/compute.h"
#include "tensor/weight_view.h"

namespace sirocco {

inline constexpr int64_t kPanelRows = 8;

// Rows begin … begin+count of `weight` as float32 [count, cols]: in place where they lie so on disk, decoded
// into `scratch` otherwise. REQUIRES count <= kPanelRows, scratch of kPanelRows * cols floats.
View<const float> decode_panel(const WeightView& weight, int64_t begin, int64_t count, float* scratch);

// y[t, :] = W x[t, :]
void linear(const WeightView& weight,  // [N, K]
            View<const float> x,       // [T, K]
            View<float> y,             // [T, N]
            Compute& compute);

}  // namespace sirocco
