// SPDX-License-Identifier: Apache-2.0
// Batch: all that one step of the model reads, as plain views that own nothing. Any number of tokens per
// sequence per step: prefill chunks and decoding (one) are the same call, and so could be the verification of drafts.
#pragma once

#include <cstdint>
#include <span>

#include "base/view.h"

namespace sirocco {

struct SequenceSpan {
  int32_t first_row = 0;                // into Batch::tokens
  int32_t rows = 0;                     // new tokens of this sequence in this step; > 0
  int32_t cached_tokens = 0;            // already in the cache: keys of tokens 0 … cached_tokens - 1
  std::span<const int32_t> page_table;  // pages that hold tokens 0 … cached_tokens + rows - 1
};

// Hidden states that replace the embeddings of some rows: pictures.
struct EmbeddingOverride {
  int32_t first_row = 0;
  View<const float> rows;  // [n, D]
};

struct Batch {
  std::span<const int32_t> tokens;     // [T]
  std::span<const int32_t> positions;  // [T], absolute; the rotary position and the query scale use it
  std::span<const SequenceSpan> sequences;
  std::span<const int32_t> logit_rows;  // ascending rows of tokens that want logits
  std::span<const EmbeddingOverride> overrides;
};

}  // namespace sirocco
