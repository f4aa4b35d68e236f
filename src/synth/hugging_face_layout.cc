// SPDX-License-Identifier: Apache-2.0
// Hugging Face's layout: fused experts, one of two prefixes.
#include <fmt/format.h>

#include "synth/matrices.h"
#include "synth/scaled_store.h"

namespace sirocco::synth {
namespace {

struct Writer {
  const SynthOptions& options;
  SafetensorsTypes types;
  ScaledStore scaled;
  StoredTensors out;

  void add_attention(const std::string& p, const AttentionMatrices& attention);
  void add_experts(const std::string& p, const std::vector<FeedForwardMatrices>& experts);
  void add_expert_scales(const std::string& name, const std::vector<const Matrix*>& matrices);
  void add_feed_forward(const std::string& p, const FeedForwardMatrices& group);
};

void Writer::add_attention(const std::string& p, const AttentionMatrices& attention) {
  const auto add = [&](const char* name, const Matrix& matrix) {
    if (matrix.role == Role::norm || !types.fp8) {
      out.push_back(store(p + name, matrix, types.wide));
    } else {
      scaled.add_fp8(p + name, matrix, out);
    }
  };
  if (attention.wq) add("q_proj.weight", *attention.wq);
  if (attention.wq_a) {
    add("q_a_proj.weight", *attention.wq_a);
    add("q_a_layernorm.weight", *attention.q_a_norm);
    add("q_b_proj.weight", *attention.wq_b);
  }
  add("kv_a_proj_with_mqa.weight", attention.wkv_a);
  add("kv_a_layernorm.weight", attention.kv_a_norm);
  add("kv_b_proj.weight", attention.wkv_b);
  add("o_proj.weight", attention.wo);
}

void Writer::add_expert_scales(const std::string& name, const std::vector<const Matrix*>& matrices) {
  const auto seed = static_cast<uint64_t>(options.seed);
  const auto count = static_cast<int64_t>(matrices.size());
  std::vector<float> weight, activation;
  for (const Matrix* matrix : matrices) {
    weight.push_back(e4m3_scale(matrix->name, seed, matrix->spread));
    activation.push_back(activation_scale(matrix->name, seed));
  }
  out.push_back(store_values(name + "_scale_inv", std::move(weight), scaled.scale_type(), {count, 1, 1}));
  out.push_back(
      store_values(name + "_activation_scale", std::move(activation), scaled.scale_type(), {count}));
}

void Writer::add_experts(const std::string& p, const std::vector<FeedForwardMatrices>& experts) {
  const DType dtype = types.fp8 ? DType::f8_e4m3 : types.wide;
  const int64_t e = options.experts, d = options.hidden, f = options.expert_width;
  std::vector<Matrix> gate_up, down;
  std::vector<const Matrix*> gate_scales, down_scales;  // gate and up share gate's scale
  for (const FeedForwardMatrices& expert : experts) {
    gate_up.push_back(expert.w1);
    gate_up.push_back(expert.w3);
    down.push_back(expert.w2);
    gate_scales.push_back(&expert.w1);
    down_scales.push_back(&expert.w2);
  }
  out.push_back(store_stacked(p + "gate_up_proj", gate_up, dtype, {e, 2 * f, d}));
  out.push_back(store_stacked(p + "down_proj", down, dtype, {e, d, f}));
  if (types.fp8) {
    add_expert_scales(p + "gate_up_proj", gate_scales);
    add_expert_scales(p + "down_proj", down_scales);
  }
}

void Writer::add_feed_forward(const std::string& p, const FeedForwardMatrices& group) {
  scaled.add(p + "gate_proj.weight", group.w1, types, out);
  scaled.add(p + "down_proj.weight", group.w2, types, out);
  scaled.add(p + "up_proj.weight", group.w3, types, out);
}

}  // namespace

Result<StoredTensors> hugging_face_tensors(const SynthOptions& o) {
  const auto types = safetensors_types(o);
  if (!types) return bad_input(types.error().message);
  Writer w{o, *types, ScaledStore(o, ".weight_scale_inv", ".activation_scale"), {}};
  const DType wide = types->wide;
  const OuterMatrices outer = outer_matrices(o);
  const std::string outside = o.prefix == "language_model.model" ? "language_model." : "";
  w.out.push_back(store(o.prefix + ".embed_tokens.weight", outer.embedding, wide));
  w.out.push_back(store(o.prefix + ".norm.weight", outer.norm, wide));
  w.out.push_back(store(outside + "lm_head.weight", outer.head, wide));
  for (int64_t n = 0; n < o.layers; ++n) {
    const LayerMatrices layer = layer_matrices(o, n);
    const std::string p = fmt::format("{}.layers.{}.", o.prefix, n);
    w.out.push_back(store(p + "input_layernorm.weight", layer.attention_norm, wide));
    w.add_attention(p + "self_attn.", layer.attention);
    w.out.push_back(store(p + "post_attention_layernorm.weight", layer.ffn_norm, wide));
    if (layer.dense) {
      w.add_feed_forward(p + "mlp.", layer.feed_forward);
      continue;
    }
    w.out.push_back(store(p + "mlp.gate.weight", layer.gate, wide));
    w.add_experts(p + "mlp.experts.", layer.experts);
    if (layer.shared) w.add_feed_forward(p + "mlp.shared_experts.", *layer.shared);
  }
  if (o.vision) {
    for (StoredTensor& tensor : hugging_face_vision_tensors(o)) w.out.push_back(std::move(tensor));
  }
  return std::move(w.out);
}

}  // namespace sirocco::synth
