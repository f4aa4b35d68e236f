// SPDX-License-Identifier: Apache-2.0
// Compute: what every CPU block needs beside its operands: kernels, threads and a scratch buffer a worker.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "ops/table.h"
#include "run/cpu/activations.h"
#include "run/profile.h"

namespace sirocco {

// Of one row and head, while its keys come in blocks (online softmax, arXiv:1805.02867).
struct SoftmaxState {
  float max = -std::numeric_limits<float>::infinity(), total = 0.0f;
};

class Compute {
 public:
  Compute(const OpTable& op_table, int threads, bool pin = false)
      : ops(op_table), pool(threads, pin), scratch_(static_cast<size_t>(pool.size())) {}

  // At least `size` floats that belong to `worker` until its next call of this function.
  float* scratch(int worker, int64_t size) {
    auto& buffer = scratch_[static_cast<size_t>(worker)];
    if (buffer.size() < size) buffer = AlignedBuffer<float>(size);
    return buffer.data();
  }

  const OpTable& ops;
  ThreadPool pool;
  Profile* profile = nullptr;

  // Narrowed activations, each valid until its next use.
  Activations activations;                                                         // of one product
  std::array<Activations, kRecordKinds> token_records, pair_records, act_records;  // of the feed-forward half

  AlignedBuffer<LatentQueries> latent_queries;  // of absorbed attention: [T, heads / 16]
  AlignedBuffer<float> latent_sums;             // [T, H, C]

  Activations key_records;                      // of expanded attention: latents [keys]
  AlignedBuffer<float> key_ropes;               // [keys, R]
  AlignedBuffer<SoftmaxState> softmax_states;   // [H, rows]

  void reserve_expanded(RecordKind kind, int64_t keys, int64_t latent, int64_t rope, int64_t states) {
    key_records.resize(kind, keys, latent);
    if (key_ropes.size() < keys * rope) key_ropes = AlignedBuffer<float>(keys * rope);
    if (softmax_states.size() < states) softmax_states = AlignedBuffer<SoftmaxState>(states);
  }
  void reserve_latent(int64_t queries, int64_t sums) {
    if (latent_queries.size() < queries) latent_queries = AlignedBuffer<LatentQueries>(queries);
    if (latent_sums.size() < sums) latent_sums = AlignedBuffer<float>(sums);
    if (tiles_.size() == 0) tiles_ = AlignedBuffer<LatentTile>(kRunTiles * pool.size());
  }
  LatentTile* latent_tiles(int worker) { return tiles_.data() + kRunTiles * worker; }  // [kRunTiles]
  // `count` partial results for each worker, found by latent_partials(worker).
  void reserve_partials(int64_t count) {
    partials_a_worker_ = count;
    shared_partials(count * pool.size());
  }
  LatentPartial* latent_partials(int worker) { return partials_.data() + worker * partials_a_worker_; }
  LatentPartial* shared_partials(int64_t count) {
    if (partials_.size() < count) partials_ = AlignedBuffer<LatentPartial>(count);
    return partials_.data();
  }

 private:
  AlignedBuffer<LatentTile> tiles_;
  AlignedBuffer<LatentPartial> partials_;
  int64_t partials_a_worker_ = 0;
  std::vector<AlignedBuffer<float>> scratch_;  // [workers]
};

}  // namespace sirocco
