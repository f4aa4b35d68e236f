// SPDX-License-Identifier: Apache-2.0
// Sequence: one choice of one request as the scheduler sees it: integers and a lease of pages.
//
//   0 ……… computed_tokens ……… keys.size()          the next step extends computed_tokens;
//   in the cache │ known, still to be computed      when it reaches the end, a token is sampled
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "cache/page_cache.h"

namespace sirocco {

using SequenceId = uint64_t;

// Tokens whose input is not there yet: a picture that is still being encoded.
struct PendingInput {
  int64_t first_token = 0;
  int64_t end_token = 0;
};

struct SequenceSpec {
  SequenceId id = 0;
  std::vector<CacheKey> keys;  // one a token known so far; not empty
  int priority = 0;            // smaller runs earlier
  double arrival_s = 0.0;
  double deadline_s = std::numeric_limits<double>::infinity();
  bool use_prefix_cache = true;  // false: computes everything and leaves nothing behind
  std::vector<PendingInput> pending;  // in order, apart from each other
};

// Another sequence's prompt that is being computed and begins with the same keys.
struct Leader {
  SequenceId id = 0;
  int64_t until_tokens = 0;  // so many keys are shared, in whole pages
};

struct Sequence {
  SequenceSpec spec;
  Lease lease;
  int64_t computed_tokens = 0;
  int64_t cached_tokens = 0;  // when it started: taken from the prefix tree
  double rank = 0.0;          // see Scheduler
  bool running = false;
  bool started = false;          // has had its turn, whatever became of it
  std::optional<Leader> leader;  // skips steps until that one has computed what both need
  int preemptions = 0;

  int64_t known_tokens() const { return static_cast<int64_t>(spec.keys.size()); }
  int64_t remaining_tokens() const { return known_tokens() - computed_tokens; }
  bool decoding() const { return remaining_tokens() == 1; }
  // The first input that is waited for; null if none is, or the cache made all of them unnecessary.
  const PendingInput* awaited() const {
    for (const PendingInput& input : spec.pending)
      if (input.end_token > computed_tokens) return &input;
    return nullptr;
  }
  // Of the remaining tokens, those before it.
  int64_t ready_tokens() const {
    const PendingInput* input = awaited();
    return input == nullptr ? remaining_tokens() : std::max<int64_t>(0, input->first_token - computed_tokens);
  }
};

}  // namespace sirocco
