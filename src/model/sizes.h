// SPDX-License-Identifier: Apache-2.0
// What a configuration alone tells: parameters, cache bytes, work a token, memory by precision. Nothing here
// is typed in; every number is a sum over the shapes that binding demands (model/bind_*.cc).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace sirocco {

struct ParameterCounts {
  int64_t embedding = 0;
  int64_t head = 0;  // 0 when tied
  int64_t norms = 0;
  int64_t attention = 0;  // matrices
  int64_t routers = 0;
  int64_t routed_experts = 0;  // all of them
  int64_t routed_active = 0;   // those that one token passes through
  int64_t shared_experts = 0;
  int64_t dense = 0;   // feed-forward of dense layers
  int64_t vision = 0;  // tower and projector

  int64_t text() const;
  int64_t total() const { return text() + vision; }
  // Embedding and head counted whole, as published figures do.
  int64_t active() const { return text() - routed_experts + routed_active; }
};

ParameterCounts count_parameters(const Config& config);

// What grows with a context stays at the largest number where a sum does not fit: config_fields.h bounds each size, not
// their product with a context.

// Cache of one token over all layers, in elements of `element_bytes` (BF16: 2). Latent layers keep C + R
// numbers, grouped ones a key and a value a key/value head.
int64_t cache_bytes_per_token(const Config& config, int64_t element_bytes = 2);
// Of a whole context; layers with a sliding window keep no more than the window.
int64_t cache_bytes(const Config& config, int64_t context_tokens, int64_t element_bytes = 2);

// Memory of the largest picture while the tower encodes it: pixels as they came and the encoder's copy, the patches
// with the keys and values of a layer, the rows and their copy; all in float32. 0 without a tower.
int64_t picture_encoding_bytes(const Config& config);

// Operations of one decoded token behind `context_tokens` others; multiply and add count as two. Latent
// attention is counted in its absorbed form. Context 0 leaves the matrices alone.
int64_t operations_per_token(const Config& config, int64_t context_tokens);

struct PrecisionBytes {
  std::string_view name;
  int64_t weight_bytes = 0;
};

// bf16, fp8, nvfp4, q8_0, q4_k: how the published files of each kind treat each group of tensors.
std::vector<PrecisionBytes> weight_bytes_by_precision(const Config& config);

}  // namespace sirocco
