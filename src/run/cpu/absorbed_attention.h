// SPDX-License-Identifier: Apache-2.0
// Latent attention in its absorbed form with bf16 kernels (ops/latent_kernels.h): W_UK and W_UV packed as
// bf16, sixteen heads a lane each, the sequence cut into runs of kRunPages pages whose partial results are
// merged in order. The cut is fixed, so a row's result depends on its own keys alone. Decoding shares runs
// out over the threads; many rows share themselves out.
#pragma once

#include <vector>

#include "batch/batch.h"
#include "model/config.h"
#include "run/cpu/compute.h"
#include "run/cpu/latent_cache.h"
#include "run/cpu/matrix.h"
#include "run/cpu/workspace.h"

namespace sirocco {

class AbsorbedAttention {
 public:
  static constexpr int64_t kRunPages = 8;

  // Whether kernels, shapes and cache allow it.
  static bool fits(const Config& config, const OpTable& ops, CacheType cache_type);

  // k_absorb [H, C, N] and v_up [H, V, C] in float32; not kept.
  AbsorbedAttention(const Config& config, const float* k_absorb, const float* v_up, MatrixLoader& loader);

  // work.queries (rotated and scaled) against the cache into work.attended, for all rows of the batch.
  void run(const Batch& batch, int64_t layer, const LatentCache& cache, Workspace& work,
           Compute& compute) const;
  int64_t bytes() const { return k_absorb_.bytes() + v_up_.bytes(); }

 private:
  struct Row {  // one query row and the keys that it sees
    const SequenceSpan* span;
    int64_t token, keys;
  };
  void absorb(int64_t T, Workspace& work, Compute& compute) const;
  void attend(const std::vector<Row>& rows, int64_t layer, const LatentCache& cache, Compute& compute) const;
  void attend_run(const Row& row, int64_t group, int64_t run, int64_t layer, const LatentCache& cache,
                  const Compute& compute, LatentPartial* partial) const;
  void unabsorb(int64_t T, Workspace& work, Compute& compute) const;

  const uint32_t* pairs(const Compute& compute, int64_t token, int64_t group) const {
    return compute.query_pairs.data() + (token * groups_ + group) * (C + R) / 2 * kHeadLanes;
  }

  const int64_t H, C, R, N, V, groups_;
  Matrix k_absorb_;  // [H C, N]
  Matrix v_up_;      // [H V, C]
};

}  // namespace sirocco
