// SPDX-License-Identifier: Apache-2.0
// Expanded latent attention of many new rows of one sequence, on packed 16-bit kernels.
//   K[l, :] = (W_UK c_l | k_rope_l),  v[l, :] = W_UV c_l,  o = softmax(q K^T) v over the rows before
// A row costs N + R + V products a key and head, where the absorbed form's costs 2 C + R (2.25 times as many at the
// published sizes); in return every key is expanded once a step, C (N + V) products a head. So it pays from some number
// of rows on, which is measured (OpTable::expand_from_rows). Keys are taken 256 at a time, packed like weights
// (ops/packed.h): as strips of 16 keys, and their values as strips of 16 channels. Of 16-bit integers a block's values
// share a channel's scale, so that their rounding depends on which keys of the block are there already: on how a prompt
// is cut, which is why --deterministic stays with the absorbed form.
#pragma once

#include "batch/batch.h"
#include "model/config.h"
#include "run/cpu/compute.h"
#include "run/cpu/latent_cache.h"
#include "run/cpu/matrix_loader.h"
#include "run/cpu/workspace.h"

namespace sirocco {

class ExpandedAttention {
 public:
  // Whether the shapes suit the table's kernels.
  static bool fits(const Config& config, const OpTable& ops);

  // k_up: [H, N, C]. `v_up`: [H V, C], packed as 16-bit numbers; it must live as long as this.
  ExpandedAttention(const Config& config, const float* k_up, const Matrix& v_up, MatrixLoader& loader);

  // work.queries (rotated and scaled) of the span's rows against the cache, their own keys included, into
  // work.attended.
  void run(const SequenceSpan& span, int64_t layer, const LatentCache& cache, Workspace& work,
           Compute& compute) const;

 private:
  struct Block;  // keys and values of one head, packed
  struct Step;   // keys whose latents are narrowed at a time

  void load(const SequenceSpan& span, const Step& step, int64_t layer, const LatentCache& cache,
            Compute& compute) const;
  void attend(const SequenceSpan& span, const Step& step, Workspace& work, Compute& compute) const;
  void expand(int64_t head, int64_t begin, const Block& block, Compute& compute) const;
  void attend_block(int64_t head, const SequenceSpan& span, int64_t first, int tokens, const Block& block,
                    Workspace& work, Compute& compute) const;
  Block carve(float* scratch) const;
  int64_t scratch_floats() const;

  const int64_t H, C, R, N, V;
  const PackedKernel* const kernel_;  // of keys and values
  const int64_t key_cols_;            // N + R, rounded up to what a packed row may have
  const Matrix k_up_;                 // [H N, C]
  const Matrix& v_up_;                // [H V, C]
};

}  // namespace sirocco
