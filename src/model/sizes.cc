// SPDX-License-Identifier: Apache-2.0
#include "model/sizes.h"

#include <algorithm>
#include <limits>

namespace sirocco {
namespace {

int64_t latent_matrices(const Config& c) {
  const int64_t q_rows = c.heads * (c.nope_dim + c.rope_dim);
  const int64_t q = c.q_lora_rank > 0 ? c.q_lora_rank * c.hidden + q_rows * c.q_lora_rank : q_rows * c.hidden;
  return q + (c.kv_lora_rank + c.rope_dim) * c.hidden +
         c.heads * (c.nope_dim + c.v_head_dim) * c.kv_lora_rank + c.hidden * c.heads * c.v_head_dim;
}

int64_t grouped_matrices(const Config& c) {
  return 2 * (c.heads + c.kv_heads) * c.head_dim * c.hidden;
}

int64_t vision_parameters(const Config& c) {
  if (!c.vision) return 0;
  const VisionConfig& v = *c.vision;
  const int64_t layer = 4 * v.hidden * v.hidden + 3 * v.hidden * v.width + 2 * v.hidden;
  const int64_t tower = v.hidden * v.channels * v.patch * v.patch + v.hidden + v.layers * layer;
  const int64_t merger =
      v.merge > 1 ? v.hidden * v.hidden * v.merge * v.merge + v.hidden : 0;  // with its norm
  return tower + merger + c.hidden * v.hidden + c.hidden * c.hidden;
}

// Numbers that one layer caches for one token.
int64_t cache_row(const Config& c, AttentionKind kind) {
  return kind == AttentionKind::latent ? c.cache_row() : 2 * c.kv_heads * c.head_dim;
}

// Bytes of n elements at `sixteenths` / 16 bytes an element: 8 is 4 bit, 9 is 4.5 bit, 17 is 8.5 bit.
int64_t at(int64_t elements, int64_t sixteenths) {
  return elements / 16 * sixteenths + elements % 16 * sixteenths / 16;
}

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// REQUIRES: a, b >= 0, as are all sizes.
int64_t saturating_product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}
int64_t saturating_sum(int64_t a, int64_t b) {
  return a > kMost - b ? kMost : a + b;
}

}  // namespace

int64_t ParameterCounts::text() const {
  return embedding + head + norms + attention + routers + routed_experts + shared_experts + dense;
}

ParameterCounts count_parameters(const Config& c) {
  ParameterCounts n;
  n.embedding = c.vocabulary * c.hidden;
  n.head = c.tied_embeddings ? 0 : n.embedding;
  n.norms = c.hidden;
  const int64_t expert = 3 * c.experts.width * c.hidden;
  for (size_t i = 0; i < c.attention.size(); ++i) {
    const bool latent = c.attention[i] == AttentionKind::latent;
    n.norms += 2 * c.hidden + (latent ? c.q_lora_rank + c.kv_lora_rank : 0);
    n.attention += latent ? latent_matrices(c) : grouped_matrices(c);
    if (c.feed_forward[i] == FeedForwardKind::dense) {
      n.dense += 3 * c.dense_width * c.hidden;
      continue;
    }
    n.routers += c.experts.experts * c.hidden;
    n.routed_experts += c.experts.experts * expert;
    n.routed_active += c.experts.experts_per_token * expert;
    n.shared_experts += c.experts.shared_experts * expert;
  }
  n.vision = vision_parameters(c);
  return n;
}

int64_t cache_bytes_per_token(const Config& config, int64_t element_bytes) {
  int64_t numbers = 0;
  for (const AttentionKind kind : config.attention) numbers += cache_row(config, kind);
  return saturating_product(numbers, element_bytes);
}

int64_t cache_bytes(const Config& config, int64_t context_tokens, int64_t element_bytes) {
  const int64_t kept =
      config.sliding_window > 0 ? std::min(context_tokens, config.sliding_window) : context_tokens;
  return saturating_product(kept, cache_bytes_per_token(config, element_bytes));
}

int64_t picture_encoding_bytes(const Config& c) {
  if (!c.vision) return 0;
  const VisionConfig& v = *c.vision;
  const int64_t grid = v.image_size / v.patch, patches = grid * grid;
  const int64_t pixels = v.channels * patches * v.patch * v.patch;
  const int64_t rows = patches / (v.merge * v.merge) * c.hidden;
  return (2 * pixels + 3 * patches * v.hidden + 2 * rows) * static_cast<int64_t>(sizeof(float));
}

int64_t operations_per_token(const Config& c, int64_t context_tokens) {
  const ParameterCounts n = count_parameters(c);
  const int64_t matrices = n.attention + n.routers + n.routed_active + n.shared_experts + n.dense +
                           (c.tied_embeddings ? n.embedding : n.head);
  const int64_t keys = c.sliding_window > 0 ? std::min(context_tokens, c.sliding_window) : context_tokens;
  int64_t attention = 0;
  for (const AttentionKind kind : c.attention) {
    const int64_t per_key = kind == AttentionKind::latent ? c.cache_row() + c.kv_lora_rank : 2 * c.head_dim;
    attention = saturating_sum(attention, saturating_product(c.heads * per_key, keys));
  }
  return saturating_product(2, saturating_sum(matrices, attention));
}

std::vector<PrecisionBytes> weight_bytes_by_precision(const Config& config) {
  const ParameterCounts n = count_parameters(config);
  const int64_t feed_forward = n.routed_experts + n.shared_experts + n.dense;
  const int64_t linear = n.attention + feed_forward;
  const int64_t ends = n.embedding + n.head;
  const int64_t small = n.norms + n.routers;
  return {
      {"bf16", 2 * n.total()},
      {"fp8", linear + 2 * (ends + small + n.vision)},                  // layer matrices; the rest BF16
      {"nvfp4", at(feed_forward, 9) + 2 * (n.total() - feed_forward)},  // feed-forward alone; the rest BF16
      // Below, norms and routers are F32 and vision is BF16.
      {"q8_0", at(linear + ends, 17) + 4 * small + 2 * n.vision},             // all text matrices
      {"q4_k", at(linear, 9) + ends / 256 * 210 + 4 * small + 2 * n.vision},  // embedding and head in Q6_K
  };
}

}  // namespace sirocco
