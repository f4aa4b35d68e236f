// SPDX-License-Identifier: Apache-2.0
// Compute: what every CPU block needs beside its operands: kernels, threads and a scratch buffer a worker.
#pragma once

#include <array>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "ops/table.h"
#include "run/cpu/activations.h"
#include "run/profile.h"

namespace sirocco {

class Compute {
 public:
  Compute(const OpTable& op_table, int threads)
      : ops(op_table), pool(threads), scratch_(static_cast<size_t>(pool.size())) {}

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

  AlignedBuffer<uint32_t> query_pairs;  // of absorbed attention: [T, heads / 16, (C + R) / 2, 16]
  AlignedBuffer<float> latent_sums;     // [T, H, C]

  void reserve_latent(int64_t pairs, int64_t sums) {
    if (query_pairs.size() < pairs) query_pairs = AlignedBuffer<uint32_t>(pairs);
    if (latent_sums.size() < sums) latent_sums = AlignedBuffer<float>(sums);
  }
  LatentPartial* latent_partials(int64_t count) {
    if (partials_.size() < count) partials_ = AlignedBuffer<LatentPartial>(count);
    return partials_.data();
  }

 private:
  AlignedBuffer<LatentPartial> partials_;
  std::vector<AlignedBuffer<float>> scratch_;  // [workers]
};

}  // namespace sirocco
