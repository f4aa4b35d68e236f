// SPDX-License-Identifier: Apache-2.0
// Names of model*.safetensors (docs/formats/hugging-face.md): several spellings of the prefix; experts fused
// into one tensor a layer, or one by one.
#include <fmt/format.h>

#include "model/bind_layouts.h"

namespace sirocco {
namespace {

struct Roots {
  std::string model;  // embed_tokens, norm and layers hang below
  std::string head;
};

// The spellings found on disk: the first whose embedding is there.
Roots find_roots(const BindLookup& lookup) {
  const Roots spellings[] = {{"model.language_model", "lm_head"},
                             {"language_model.model", "language_model.lm_head"},
                             {"model", "lm_head"}};
  for (const Roots& roots : spellings)
    if (lookup.has(roots.model + ".embed_tokens.weight")) return roots;
  return spellings[0];
}

FeedForwardWeights bind_feed_forward(BindLookup& lookup, const std::string& prefix, int64_t width,
                                     int64_t hidden) {
  return {.gate = lookup.matrix(prefix + ".gate_proj", width, hidden),
          .up = lookup.matrix(prefix + ".up_proj", width, hidden),
          .down = lookup.matrix(prefix + ".down_proj", hidden, width)};
}

LatentAttentionWeights bind_latent(BindLookup& lookup, const std::string& prefix, const Config& c) {
  LatentAttentionWeights w;
  const int64_t q_rows = c.heads * (c.nope_dim + c.rope_dim);
  if (c.q_lora_rank > 0) {
    w.q_a = lookup.matrix(prefix + ".q_a_proj", c.q_lora_rank, c.hidden);
    w.q_a_norm = lookup.vector(prefix + ".q_a_layernorm", c.q_lora_rank);
    w.q_b = lookup.matrix(prefix + ".q_b_proj", q_rows, c.q_lora_rank);
  } else {
    w.q_b = lookup.matrix(prefix + ".q_proj", q_rows, c.hidden);
  }
  w.kv_a = lookup.matrix(prefix + ".kv_a_proj_with_mqa", c.kv_lora_rank + c.rope_dim, c.hidden);
  w.kv_a_norm = lookup.vector(prefix + ".kv_a_layernorm", c.kv_lora_rank);
  w.kv_b = lookup.matrix(prefix + ".kv_b_proj", c.heads * (c.nope_dim + c.v_head_dim), c.kv_lora_rank);
  w.o = lookup.matrix(prefix + ".o_proj", c.hidden, c.heads * c.v_head_dim);
  return w;
}

GroupedAttentionWeights bind_grouped(BindLookup& lookup, const std::string& prefix, const Config& c) {
  return {.q = lookup.matrix(prefix + ".q_proj", c.heads * c.head_dim, c.hidden),
          .k = lookup.matrix(prefix + ".k_proj", c.kv_heads * c.head_dim, c.hidden),
          .v = lookup.matrix(prefix + ".v_proj", c.kv_heads * c.head_dim, c.hidden),
          .o = lookup.matrix(prefix + ".o_proj", c.hidden, c.heads * c.head_dim)};
}

// gate_up_proj [E, 2F, D]: of each expert rows 0 … F-1 are the gate, F … 2F-1 up, under one scale.
void bind_fused_experts(BindLookup& lookup, const std::string& prefix, const Config& c, LayerWeights& layer) {
  const ExpertsConfig& e = c.experts;
  const std::string gate_up = prefix + ".gate_up_proj";
  const std::string down = prefix + ".down_proj";
  const auto fused = lookup.stack(gate_up, e.experts, 2 * e.width, c.hidden, gate_up + "_scale_inv",
                                  gate_up + "_activation_scale");
  const auto downs =
      lookup.stack(down, e.experts, c.hidden, e.width, down + "_scale_inv", down + "_activation_scale");
  if (!lookup.ok()) return;
  for (size_t i = 0; i < fused.size(); ++i)
    layer.experts.push_back({.gate = fused[i].slice_rows(0, e.width),
                             .up = fused[i].slice_rows(e.width, e.width),
                             .down = downs[i]});
}

void bind_experts(BindLookup& lookup, const std::string& prefix, const Config& c, LayerWeights& layer) {
  const ExpertsConfig& e = c.experts;
  layer.router = lookup.matrix(prefix + ".gate", e.experts, c.hidden);
  const bool single = lookup.has(prefix + ".experts.0.gate_proj.weight") ||
                      lookup.has(prefix + ".experts.0.gate_proj.weight_packed");
  if (single) {
    for (int64_t i = 0; i < e.experts && lookup.ok(); ++i)
      layer.experts.push_back(
          bind_feed_forward(lookup, fmt::format("{}.experts.{}", prefix, i), e.width, c.hidden));
  } else {
    bind_fused_experts(lookup, prefix + ".experts", c, layer);
  }
  if (e.shared_experts > 0)
    layer.shared =
        bind_feed_forward(lookup, prefix + ".shared_experts", e.shared_experts * e.width, c.hidden);
}

LayerWeights bind_layer(BindLookup& lookup, const std::string& prefix, const Config& c, size_t index) {
  LayerWeights layer;
  layer.attention_norm = lookup.vector(prefix + ".input_layernorm", c.hidden);
  if (c.attention[index] == AttentionKind::latent)
    layer.latent = bind_latent(lookup, prefix + ".self_attn", c);
  else
    layer.grouped = bind_grouped(lookup, prefix + ".self_attn", c);
  layer.feed_forward_norm = lookup.vector(prefix + ".post_attention_layernorm", c.hidden);
  if (c.feed_forward[index] == FeedForwardKind::experts)
    bind_experts(lookup, prefix + ".mlp", c, layer);
  else
    layer.dense = bind_feed_forward(lookup, prefix + ".mlp", c.dense_width, c.hidden);
  return layer;
}

}  // namespace

void bind_hugging_face(BindLookup& lookup, const Config& config, ModelWeights& weights) {
  const Roots roots = find_roots(lookup);
  weights.embedding = lookup.matrix(roots.model + ".embed_tokens", config.vocabulary, config.hidden);
  weights.final_norm = lookup.vector(roots.model + ".norm", config.hidden);
  weights.head = config.tied_embeddings ? weights.embedding
                                        : lookup.matrix(roots.head, config.vocabulary, config.hidden);
  for (size_t i = 0; i < static_cast<size_t>(config.layers) && lookup.ok(); ++i)
    weights.layers.push_back(bind_layer(lookup, fmt::format("{}.layers.{}", roots.model, i), config, i));
  bind_hugging_face_vision(lookup, config, weights.vision);
}

}  // namespace sirocco
