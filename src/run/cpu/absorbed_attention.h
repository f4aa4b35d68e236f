// SPDX-License-Identifier: Apache-2.0
// Latent attention in its absorbed form with packed kernels (ops/latent_kernels.h): W_UK and W_UV packed as
// 16-bit numbers (find_attention_kernel), sixteen heads a lane each, the sequence cut into
// runs of kRunPages pages whose partial results are merged in order. The cut is fixed, so a row's result depends on
// its own keys alone. Neighbouring rows of a sequence share the narrowed keys. Decoding shares runs out over the
// threads; many rows share themselves out.
#pragma once

#include <span>
#include <vector>

#include "batch/batch.h"
#include "model/config.h"
#include "run/cpu/compute.h"
#include "run/cpu/latent_cache.h"
#include "run/cpu/matrix_loader.h"
#include "run/cpu/workspace.h"

namespace sirocco {

class AbsorbedAttention {
 public:
  static constexpr int64_t kRunPages = kRunTiles;
  static constexpr int64_t kRowsTogether = 8;

  // Whether kernels, shapes and cache allow it.
  static bool fits(const Config& config, const OpTable& ops, CacheType cache_type);

  // k_absorb [H, C, N] and v_up [H, V, C] in float32; not kept.
  AbsorbedAttention(const Config& config, const float* k_absorb, const float* v_up, MatrixLoader& loader);

  // work.queries (rotated and scaled) against the cache into work.attended, for all rows of sequences that are
  // neighbours in the batch.
  void run(std::span<const SequenceSpan> spans, int64_t layer, const LatentCache& cache, Workspace& work,
           Compute& compute) const;
  const Matrix& v_up() const { return v_up_; }
  int64_t bytes() const { return k_absorb_.bytes() + v_up_.bytes(); }

 private:
  struct Rows {  // neighbouring rows of one sequence
    const SequenceSpan* span;
    int64_t token, count;  // count <= kRowsTogether
    int64_t keys;          // that the first row sees; each next one sees one more
    int64_t last_keys() const { return keys + count - 1; }
  };
  void absorb(View<const float> queries, Compute& compute) const;
  void attend(const std::vector<Rows>& blocks, int64_t layer, const LatentCache& cache,
              Compute& compute) const;
  void load_page(const Rows& rows, int64_t page_index, int64_t keys, int64_t layer, const LatentCache& cache,
                 const LatentKernels& kernels, LatentTile* tile) const;
  void ask_ahead(const Rows& rows, int64_t page_index, int64_t part, int64_t parts, int64_t layer,
                 const LatentCache& cache, LatentTile* tile) const;
  // partials [count, groups]; rows that see no key of the run keep theirs.
  void attend_run(const Rows& rows, int64_t run, int64_t layer, const LatentCache& cache, Compute& compute,
                  int worker, LatentPartial* partials) const;
  bool cuts_runs_apart(const std::vector<Rows>& blocks, int64_t threads) const;
  void attend_all_runs(const Rows& rows, int64_t layer, const LatentCache& cache, Compute& compute,
                       int worker) const;
  void attend_runs_apart(const std::vector<Rows>& blocks, int64_t layer, const LatentCache& cache,
                         Compute& compute) const;
  // Writes the sums of one row and group, whose partial results are merged.
  void finish(int64_t token, int64_t group, const LatentPartial* total, Compute& compute) const;
  void unabsorb(View<float> attended, Compute& compute) const;

  const int64_t H, C, R, N, V, groups_;
  Matrix k_absorb_;  // [H C, N]
  Matrix v_up_;      // [H V, C]
};

}  // namespace sirocco
