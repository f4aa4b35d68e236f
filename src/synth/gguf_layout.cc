// SPDX-License-Identifier: Apache-2.0
// GGUF's layout: stacked experts, types chosen as the published quantiser does.
#include <fmt/format.h>

#include "synth/matrices.h"

namespace sirocco::synth {
namespace {

bool is_float(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

DType narrower(DType type) {
  switch (type) {
    case DType::q2_k:
    case DType::q3_k:
    case DType::tq1_0:
    case DType::tq2_0:
      return DType::q4_0;
    case DType::q4_k:
      return DType::q5_0;
    case DType::q5_k:
      return DType::q5_1;
    case DType::q6_k:
    case DType::nvfp4:
      return DType::q8_0;
    default:
      return DType::iq4_nl;
  }
}

struct Writer {
  const SynthOptions& options;
  DType type;
  StoredTensors out;

  void add(const std::string& name, const Matrix& matrix) {
    out.push_back(store(name + ".weight", matrix, gguf_type_for(matrix, type)));
  }
  void add_heads(const std::string& name, const Matrix& matrix) {  // [H, rows / H, cols]
    add(name, matrix);
    out.back().spec.shape = {options.heads, matrix.rows / options.heads, matrix.cols};
  }
  void add_stack(const std::string& name, const std::vector<Matrix>& matrices, int64_t parts) {
    const Matrix& first = matrices.front();
    out.push_back(store_stacked(name + ".weight", matrices, gguf_type_for(first, type),
                                {options.experts, parts * first.rows, first.cols}));
  }
  void add_attention(const std::string& p, const AttentionMatrices& attention);
  void add_experts(const std::string& p, const std::vector<FeedForwardMatrices>& experts);
  void add_feed_forward(const std::string& p, const FeedForwardMatrices& group, const std::string& tail) {
    add(p + "ffn_gate" + tail, group.w1);
    add(p + "ffn_down" + tail, group.w2);
    add(p + "ffn_up" + tail, group.w3);
  }
};

void Writer::add_attention(const std::string& p, const AttentionMatrices& attention) {
  if (attention.wq) add(p + "attn_q", *attention.wq);
  if (attention.wq_a) {
    add(p + "attn_q_a", *attention.wq_a);
    add(p + "attn_q_a_norm", *attention.q_a_norm);
    add(p + "attn_q_b", *attention.wq_b);
  }
  add(p + "attn_kv_a_mqa", attention.wkv_a);
  add(p + "attn_kv_a_norm", attention.kv_a_norm);
  if (options.joint_kv_b) {
    add(p + "attn_kv_b", attention.wkv_b);
  } else {
    add_heads(p + "attn_k_b", attention.wk_b);
    add_heads(p + "attn_v_b", attention.wv_b);
  }
  add(p + "attn_output", attention.wo);
}

void Writer::add_experts(const std::string& p, const std::vector<FeedForwardMatrices>& experts) {
  std::vector<Matrix> gate, up, both, down;
  for (const FeedForwardMatrices& expert : experts) {
    gate.push_back(expert.w1);
    up.push_back(expert.w3);
    both.push_back(expert.w1);
    both.push_back(expert.w3);
    down.push_back(expert.w2);
  }
  if (options.split_experts) {
    add_stack(p + "ffn_gate_exps", gate, 1);
    add_stack(p + "ffn_up_exps", up, 1);
  } else {
    add_stack(p + "ffn_gate_up_exps", both, 2);
  }
  add_stack(p + "ffn_down_exps", down, 1);
}

}  // namespace

DType gguf_type_for(const Matrix& matrix, DType main) {
  if (matrix.role == Role::norm || matrix.role == Role::router) return DType::f32;
  DType type = main;
  if (matrix.role == Role::head && !is_float(type) && type != DType::q8_0) type = DType::q6_k;
  if (matrix.cols % traits(type).block_elements != 0) type = narrower(type);
  return matrix.cols % traits(type).block_elements != 0 ? DType::f16 : type;
}

Result<DType> gguf_weight_type(const std::string& name, const char* option) {
  const auto type = dtype_from_name(name);
  const bool block =
      type && *type >= DType::q4_0 && *type <= DType::nvfp4 && *type != DType::q8_1 && *type != DType::q8_k;
  if (type && (block || is_float(*type))) return *type;
  return bad_input(fmt::format("{}: \"{}\" is no weight type of layout gguf", option, name));
}

Result<StoredTensors> gguf_tensors(const SynthOptions& o) {
  const auto type = gguf_weight_type(o.type, "type");
  if (!type) return tl::unexpected<Error>(type.error());
  Writer w{o, *type, {}};
  const OuterMatrices outer = outer_matrices(o);
  w.add("token_embd", outer.embedding);
  w.add("output_norm", outer.norm);
  w.add("output", outer.head);
  for (int64_t n = 0; n < o.layers; ++n) {
    const LayerMatrices layer = layer_matrices(o, n);
    const std::string p = fmt::format("blk.{}.", n);
    w.add(p + "attn_norm", layer.attention_norm);
    w.add_attention(p, layer.attention);
    w.add(p + "ffn_norm", layer.ffn_norm);
    if (layer.dense) {
      w.add_feed_forward(p, layer.feed_forward, "");
      continue;
    }
    w.add(p + "ffn_gate_inp", layer.gate);
    w.add_experts(p, layer.experts);
    if (layer.shared) w.add_feed_forward(p, *layer.shared, "_shexp");
  }
  return std::move(w.out);
}

}  // namespace sirocco::synth
