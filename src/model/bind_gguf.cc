// SPDX-License-Identifier: Apache-2.0
// Names of a GGUF (docs/formats/gguf.md); shapes here are outermost first, the reverse of the file's.
// Experts are fused (ffn_gate_up_exps) or apart, kv_b is split for absorption (attn_k_b, attn_v_b) or whole.
#include <fmt/format.h>

#include "model/bind_layouts.h"

namespace sirocco {
namespace {

FeedForwardWeights bind_feed_forward(BindLookup& lookup, const std::string& block, const char* suffix,
                                     int64_t width, int64_t hidden) {
  return {.gate = lookup.matrix(block + ".ffn_gate" + suffix, width, hidden),
          .up = lookup.matrix(block + ".ffn_up" + suffix, width, hidden),
          .down = lookup.matrix(block + ".ffn_down" + suffix, hidden, width)};
}

// One stack of matrices; writers of NVFP4 put a scale a matrix (or one) beside it as "<prefix>.scale".
std::vector<WeightView> bind_stack(BindLookup& lookup, const std::string& prefix, int64_t parts, int64_t rows,
                                   int64_t cols) {
  return lookup.stack(prefix + ".weight", parts, rows, cols, prefix + ".scale");
}

LatentAttentionWeights bind_latent(BindLookup& lookup, const std::string& block, const Config& c) {
  LatentAttentionWeights w;
  const int64_t q_rows = c.heads * (c.nope_dim + c.rope_dim);
  if (c.q_lora_rank > 0) {
    w.q_a = lookup.matrix(block + ".attn_q_a", c.q_lora_rank, c.hidden);
    w.q_a_norm = lookup.vector(block + ".attn_q_a_norm", c.q_lora_rank);
    w.q_b = lookup.matrix(block + ".attn_q_b", q_rows, c.q_lora_rank);
  } else {
    w.q_b = lookup.matrix(block + ".attn_q", q_rows, c.hidden);
  }
  w.kv_a = lookup.matrix(block + ".attn_kv_a_mqa", c.kv_lora_rank + c.rope_dim, c.hidden);
  w.kv_a_norm = lookup.vector(block + ".attn_kv_a_norm", c.kv_lora_rank);
  if (lookup.has(block + ".attn_k_b.weight")) {
    w.k_b = bind_stack(lookup, block + ".attn_k_b", c.heads, c.kv_lora_rank, c.nope_dim);
    w.v_b = bind_stack(lookup, block + ".attn_v_b", c.heads, c.v_head_dim, c.kv_lora_rank);
  } else {
    w.kv_b = lookup.matrix(block + ".attn_kv_b", c.heads * (c.nope_dim + c.v_head_dim), c.kv_lora_rank);
  }
  w.o = lookup.matrix(block + ".attn_output", c.hidden, c.heads * c.v_head_dim);
  return w;
}

void bind_experts(BindLookup& lookup, const std::string& block, const Config& c, LayerWeights& layer) {
  const ExpertsConfig& e = c.experts;
  layer.router = lookup.matrix(block + ".ffn_gate_inp", e.experts, c.hidden);
  const auto downs = bind_stack(lookup, block + ".ffn_down_exps", e.experts, c.hidden, e.width);
  std::vector<WeightView> gates, ups;
  if (lookup.has(block + ".ffn_gate_up_exps.weight")) {
    const auto fused = bind_stack(lookup, block + ".ffn_gate_up_exps", e.experts, 2 * e.width, c.hidden);
    for (const WeightView& view : fused) {
      gates.push_back(view.slice_rows(0, e.width));
      ups.push_back(view.slice_rows(e.width, e.width));
    }
  } else {
    gates = bind_stack(lookup, block + ".ffn_gate_exps", e.experts, e.width, c.hidden);
    ups = bind_stack(lookup, block + ".ffn_up_exps", e.experts, e.width, c.hidden);
  }
  if (!lookup.ok()) return;
  for (size_t i = 0; i < downs.size(); ++i) layer.experts.push_back({gates[i], ups[i], downs[i]});
  if (e.shared_experts > 0)
    layer.shared = bind_feed_forward(lookup, block, "_shexp", e.shared_experts * e.width, c.hidden);
}

LayerWeights bind_layer(BindLookup& lookup, const std::string& block, const Config& c, size_t index) {
  LayerWeights layer;
  layer.attention_norm = lookup.vector(block + ".attn_norm", c.hidden);
  layer.latent = bind_latent(lookup, block, c);
  layer.feed_forward_norm = lookup.vector(block + ".ffn_norm", c.hidden);
  if (c.feed_forward[index] == FeedForwardKind::experts)
    bind_experts(lookup, block, c, layer);
  else
    layer.dense = bind_feed_forward(lookup, block, "", c.dense_width, c.hidden);
  return layer;
}

}  // namespace

void bind_gguf(BindLookup& lookup, const Config& config, ModelWeights& weights) {
  weights.embedding = lookup.matrix("token_embd", config.vocabulary, config.hidden);
  weights.final_norm = lookup.vector("output_norm", config.hidden);
  weights.head =
      config.tied_embeddings ? weights.embedding : lookup.matrix("output", config.vocabulary, config.hidden);
  for (size_t i = 0; i < static_cast<size_t>(config.layers) && lookup.ok(); ++i)
    weights.layers.push_back(bind_layer(lookup, fmt::format("blk.{}", i), config, i));
}

}  // namespace sirocco
