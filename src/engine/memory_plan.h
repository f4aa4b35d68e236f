// SPDX-License-Identifier: Apache-2.0
// How many pages the cache gets and how long a sequence may become, from what memory is left.
#pragma once

#include <cstdint>
#include <string>

#include "run/model.h"
#include "sirocco/result.h"

namespace sirocco {

struct MemoryFacts {
  uint64_t available_bytes = 0;  // base/available_memory.h
  WeightMemory weights;          // mapped pages count as available, read or not
  uint64_t picture_bytes = 0;    // encoded ones that are kept, those that wait, the one that is encoded
  int64_t page_bytes = 0;
  int64_t page_tokens = 64;
  int64_t model_context_tokens = 0;   // the model's own limit
  int64_t wanted_context_tokens = 0;  // 0: as long as fits
  int64_t wanted_cache_bytes = 0;     // 0: from the memory left
  int sequences = 1;                  // that may run at a time
};

struct MemoryPlan {
  int64_t pages = 0;
  int64_t context_tokens = 0;
  std::string reasoning;  // one line
};

Result<MemoryPlan> plan_memory(const MemoryFacts& facts);

}  // namespace sirocco
