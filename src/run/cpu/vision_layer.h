// SPDX-License-Identifier: Apache-2.0
// One layer of the vision tower over blocks of patches (Pixtral, arXiv:2410.07073):
//   x += W_o attention(rope(W_q h), rope(W_k h), W_v h), h = norm(x);  x += W_2 (silu(W_1 h) ⊙ W_3 h), h = norm(x)
// Keys and values of all patches come first; then blocks of x may be finished in any order.
#pragma once

#include "model/config.h"
#include "model/weights.h"
#include "run/cpu/compute.h"
#include "run/cpu/matrix_loader.h"
#include "run/cpu/vision_attention.h"
#include "run/cpu/vision_rope.h"

namespace sirocco {

// Buffers of one block of patches, shared by all layers.
struct VisionScratch {
  VisionScratch(const VisionConfig& config, int64_t patches);

  AlignedBuffer<float> normed, queries, keys, values;  // [B, Dv]
  AlignedBuffer<float> gate, up;                       // [B, Fv]
};

class VisionLayer {
 public:
  VisionLayer(const VisionLayerWeights& weights, MatrixLoader& loader);

  // Keys and values of patches first … of `x` [rows, Dv].
  void store_keys(View<const float> x, int64_t first, const VisionRope& rope, VisionKeys& keys,
                  VisionScratch& scratch, Compute& compute) const;
  // x [rows, Dv], patches first …, goes through the layer.
  void run(View<float> x, int64_t first, const VisionRope& rope, const VisionKeys& keys,
           VisionScratch& scratch, Compute& compute) const;

  // For one patch of `patches`, two a multiplication and addition.
  double key_operations() const { return 2.0 * static_cast<double>(k_.rows() * k_.cols() * 2); }
  double run_operations(int64_t patches) const;

 private:
  AlignedBuffer<float> attention_norm_, ffn_norm_;  // [Dv]
  Matrix q_, k_, v_, o_;                            // [Dv, Dv]
  Matrix gate_, up_, down_;                         // [Fv, Dv], [Fv, Dv], [Dv, Fv]
};

// y[t, :] = x[t, :] / sqrt(mean(x²) + eps) ⊙ w on all threads.
void norm_rows(View<const float> x, const AlignedBuffer<float>& weight, float eps, View<float> y,
               Compute& compute);

inline constexpr float kVisionEps = 1e-5f;  // of every norm inside the tower, whatever a file says

}  // namespace sirocco
