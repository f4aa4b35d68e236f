// SPDX-License-Identifier: Apache-2.0
// Names of consolidated*.safetensors (docs/formats/native.md). w1 is the gate, w3 up, w2 down.
#include <fmt/format.h>

#include "model/bind_layouts.h"

namespace sirocco {
namespace {

FeedForwardWeights bind_feed_forward(BindLookup& lookup, const std::string& prefix, int64_t width,
                                     int64_t hidden) {
  return {.gate = lookup.matrix(prefix + ".w1", width, hidden),
          .up = lookup.matrix(prefix + ".w3", width, hidden),
          .down = lookup.matrix(prefix + ".w2", hidden, width)};
}

LatentAttentionWeights bind_latent(BindLookup& lookup, const std::string& prefix, const Config& c) {
  LatentAttentionWeights w;
  if (c.q_lora_rank > 0) {
    w.q_a = lookup.matrix(prefix + ".wq_a", c.q_lora_rank, c.hidden);
    w.q_a_norm = lookup.vector(prefix + ".q_a_norm", c.q_lora_rank);
    w.q_b = lookup.matrix(prefix + ".wq_b", c.heads * (c.nope_dim + c.rope_dim), c.q_lora_rank);
  } else {
    w.q_b = lookup.matrix(prefix + ".wq", c.heads * (c.nope_dim + c.rope_dim), c.hidden);
  }
  w.kv_a = lookup.matrix(prefix + ".wkv_a_with_mqa", c.kv_lora_rank + c.rope_dim, c.hidden);
  w.kv_a_norm = lookup.vector(prefix + ".kv_a_norm", c.kv_lora_rank);
  w.kv_b = lookup.matrix(prefix + ".wkv_b", c.heads * (c.nope_dim + c.v_head_dim), c.kv_lora_rank);
  w.o = lookup.matrix(prefix + ".wo", c.hidden, c.heads * c.v_head_dim);
  return w;
}

GroupedAttentionWeights bind_grouped(BindLookup& lookup, const std::string& prefix, const Config& c) {
  return {.q = lookup.matrix(prefix + ".wq", c.heads * c.head_dim, c.hidden),
          .k = lookup.matrix(prefix + ".wk", c.kv_heads * c.head_dim, c.hidden),
          .v = lookup.matrix(prefix + ".wv", c.kv_heads * c.head_dim, c.hidden),
          .o = lookup.matrix(prefix + ".wo", c.hidden, c.heads * c.head_dim)};
}

void bind_experts(BindLookup& lookup, const std::string& prefix, const Config& c, LayerWeights& layer) {
  const ExpertsConfig& e = c.experts;
  layer.router = lookup.matrix(prefix + ".gate", e.experts, c.hidden);
  for (int64_t i = 0; i < e.experts && lookup.ok(); ++i)
    layer.experts.push_back(
        bind_feed_forward(lookup, fmt::format("{}.experts.{}", prefix, i), e.width, c.hidden));
  if (e.shared_experts > 0)
    layer.shared =
        bind_feed_forward(lookup, prefix + ".shared_experts", e.shared_experts * e.width, c.hidden);
}

LayerWeights bind_layer(BindLookup& lookup, const std::string& prefix, const Config& c, size_t index) {
  LayerWeights layer;
  layer.attention_norm = lookup.vector(prefix + ".attention_norm", c.hidden);
  if (c.attention[index] == AttentionKind::latent)
    layer.latent = bind_latent(lookup, prefix + ".attention", c);
  else
    layer.grouped = bind_grouped(lookup, prefix + ".attention", c);
  layer.feed_forward_norm = lookup.vector(prefix + ".ffn_norm", c.hidden);
  if (c.feed_forward[index] == FeedForwardKind::experts)
    bind_experts(lookup, prefix, c, layer);
  else
    layer.dense = bind_feed_forward(lookup, prefix + ".feed_forward", c.dense_width, c.hidden);
  return layer;
}

}  // namespace

void bind_native(BindLookup& lookup, const Config& config, ModelWeights& weights) {
  weights.embedding = lookup.matrix("tok_embeddings", config.vocabulary, config.hidden);
  weights.final_norm = lookup.vector("norm", config.hidden);
  weights.head =
      config.tied_embeddings ? weights.embedding : lookup.matrix("output", config.vocabulary, config.hidden);
  for (size_t i = 0; i < static_cast<size_t>(config.layers) && lookup.ok(); ++i)
    weights.layers.push_back(bind_layer(lookup, fmt::format("layers.{}", i), config, i));
  bind_native_vision(lookup, config, weights.vision);
}

}  // namespace sirocco
