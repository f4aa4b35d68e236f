// SPDX-License-Identifier: Apache-2.0
// Multi-head latent attention (arXiv:2405.04434, section 2.1) of one layer on the CPU.
//   q = W_qb norm(W_qa h), per head [nope N | rope R];  [c | k_rope] = W_kva h, c normed, rope rotated
//   score = (q_nope · W_UK c + q_rope · k_rope) · s;  o = W_UV Σ softmax(score) c;  out = W_o [o_1 … o_H]
// Two forms of the same sum: absorbed (q_nope goes through W_UK once a query) and expanded (c goes through
// W_UK and W_UV once a key). They agree to rounding; tests hold them against each other. How many new rows a
// sequence has decides which one is cheaper. Where weights are packed, absorbed_attention.h and expanded_attention.h
// compute them, else float32 here.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "batch/batch.h"
#include "model/config.h"
#include "model/weights.h"
#include "run/cpu/absorbed_attention.h"
#include "run/cpu/compute.h"
#include "run/cpu/expanded_attention.h"
#include "run/cpu/latent_cache.h"
#include "run/cpu/matrix_loader.h"
#include "run/cpu/workspace.h"

namespace sirocco {

class LatentAttention {
 public:
  LatentAttention(const Config& config, const LayerWeights& weights, const ModelOptions& options,
                  const OpTable& ops, MatrixLoader& loader);

  // x += attention(norm(x)) for the rows of `batch`; stores their latents in `cache`.
  void run(const Batch& batch, int64_t layer, LatentCache& cache, Workspace& work, Compute& compute) const;
  uint64_t weight_bytes() const;

 private:
  void project_queries(const Batch& batch, Workspace& work, Compute& compute) const;
  void store_latents(const Batch& batch, int64_t layer, LatentCache& cache, Workspace& work,
                     Compute& compute) const;
  void attend(const Batch& batch, int64_t layer, const LatentCache& cache, Workspace& work,
              Compute& compute) const;
  bool expands(const SequenceSpan& span) const {
    return span.rows >= expand_from_rows_ && span.cached_tokens + span.rows >= expand_from_keys_;
  }
  void attend_packed(std::span<const SequenceSpan> spans, int64_t layer, const LatentCache& cache, Workspace& work,
                     Compute& compute) const;
  // Both forms in float32, for where packed kernels do not apply.
  void attend_absorbed_float(const SequenceSpan& span, int64_t layer, const LatentCache& cache,
                             Workspace& work, Compute& compute) const;
  void attend_expanded_float(const SequenceSpan& span, int64_t layer, const LatentCache& cache,
                             Workspace& work, Compute& compute) const;

  // Views into the decoded halves of W_kvb; h is the head.
  View<const float> k_absorb(int64_t h) const {
    return make_view<const float>(k_absorb_.data() + h * C * N, C, N);
  }
  View<const float> k_up(int64_t h) const { return make_view<const float>(k_up_.data() + h * N * C, N, C); }
  View<const float> v_up(int64_t h) const { return make_view<const float>(v_up_.data() + h * V * C, V, C); }

  const int64_t H, Q, C, R, N, V;  // the letters of model/config.h
  const float eps_;
  const bool interleaved_;
  const float scale_;  // of the scores
  const Matrix q_a_, q_b_, kv_a_, o_;
  // Null where packed kernels do not apply. Otherwise k_absorb_, k_up_ and v_up_ are empty.
  std::unique_ptr<AbsorbedAttention> packed_absorbed_;
  std::unique_ptr<ExpandedAttention> packed_expanded_;  // null, too, where it never pays
  AlignedBuffer<float> input_norm_;  // [D]
  AlignedBuffer<float> q_norm_;      // [Q?]
  AlignedBuffer<float> kv_norm_;     // [C]
  AlignedBuffer<float> k_absorb_;    // [H, C, N]
  AlignedBuffer<float> k_up_;        // [H, N, C]
  AlignedBuffer<float> v_up_;        // [H, V, C]
  int64_t expand_from_rows_, expand_from_keys_ = 0;  // of one sequence
};

}  // namespace sirocco
