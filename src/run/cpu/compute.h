// SPDX-License-Identifier: Apache-2.0
// Compute: what every CPU block needs beside its operands: kernels, threads and a scratch buffer a worker.
#pragma once

#include <array>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "ops/table.h"
#include "run/cpu/activations.h"

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

  // Narrowed activations, each valid until its next use.
  Activations activations;                                                         // of one product
  std::array<Activations, kRecordKinds> token_records, pair_records, act_records;  // of the feed-forward half

 private:
  std::vector<AlignedBuffer<float>> scratch_;  // [workers]
};

}  // namespace sirocco
