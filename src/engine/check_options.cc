// SPDX-License-Identifier: Apache-2.0
#include "engine/check_options.h"

#include <fmt/format.h>

#include <array>

namespace sirocco {
namespace {

constexpr int64_t kMost = int64_t{1} << 50;

}  // namespace

Result<void> check_options(const EngineOptions& o) {
  struct Bound {
    const char* field;
    int64_t value, least, most;
  };
  const std::array bounds{
      Bound{"threads", o.threads, 0, 4096},
      Bound{"context_tokens", o.context_tokens, 0, kMost},
      Bound{"cache_bytes", o.cache_bytes, 0, kMost},
      Bound{"weight_copy_bytes", o.weight_copy_bytes, 0, kMost},
      Bound{"max_batch_tokens", o.max_batch_tokens, 1, 65536},
      Bound{"max_sequences", o.max_sequences, 1, 4096},
      Bound{"max_queue_requests", o.max_queue_requests, 1, kMost},
      Bound{"max_queue_tokens", o.max_queue_tokens, 1, kMost},
      Bound{"picture_cache_bytes", o.picture_cache_bytes, 0, kMost},
      Bound{"waiting_picture_bytes", o.waiting_picture_bytes, 0, kMost},
  };
  for (const Bound& b : bounds)
    if (b.value < b.least || b.value > b.most)
      return bad_input(fmt::format("{}: {}, expected {} to {}", b.field, b.value, b.least, b.most));
  return {};
}

}  // namespace sirocco
