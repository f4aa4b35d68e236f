// SPDX-License-Identifier: Apache-2.0
#include "synth/matrices.h"

#include <fmt/format.h>

#include <utility>

namespace sirocco::synth {
namespace {

FeedForwardMatrices feed_forward(const SynthOptions& o, const std::string& prefix, int64_t width) {
  return {make_matrix(prefix + ".w1.weight", width, o.hidden),
          make_matrix(prefix + ".w2.weight", o.hidden, width, 2.0),
          make_matrix(prefix + ".w3.weight", width, o.hidden)};
}

AttentionMatrices attention_matrices(const SynthOptions& o, const std::string& p) {
  AttentionMatrices out;
  const int64_t query_rows = o.heads * (o.nope + o.rope);
  if (o.q_rank > 0) {
    out.wq_a = make_matrix(p + "wq_a.weight", o.q_rank, o.hidden);
    out.q_a_norm = make_norm(p + "q_a_norm.weight", o.q_rank);
    out.wq_b = make_matrix(p + "wq_b.weight", query_rows, o.q_rank);
  } else {
    out.wq = make_matrix(p + "wq.weight", query_rows, o.hidden);
  }
  out.wkv_a = make_matrix(p + "wkv_a_with_mqa.weight", o.kv_rank + o.rope, o.hidden);
  out.kv_a_norm = make_norm(p + "kv_a_norm.weight", o.kv_rank);
  out.wkv_b = make_matrix(p + "wkv_b.weight", o.heads * (o.nope + o.v), o.kv_rank);
  out.wk_b = make_matrix(p + "wk_b.weight", o.heads * o.kv_rank, o.nope, 1.0, o.kv_rank);
  out.wv_b = make_matrix(p + "wv_b.weight", o.heads * o.v, o.kv_rank);
  out.wo = make_matrix(p + "wo.weight", o.hidden, o.heads * o.v);
  return out;
}

}  // namespace

Matrix make_matrix(std::string name, int64_t rows, int64_t cols, double gain, int64_t fan_in) {
  return {std::move(name), rows, cols, spread_of(gain, fan_in > 0 ? fan_in : cols), Role::linear};
}

Matrix make_norm(std::string name, int64_t size) {
  return {std::move(name), 1, size, 1.0f, Role::norm};
}

OuterMatrices outer_matrices(const SynthOptions& o) {
  OuterMatrices out;
  out.embedding = make_matrix("tok_embeddings.weight", o.vocabulary, o.hidden, 0.5, 1);
  out.embedding.role = Role::embedding;
  out.norm = make_norm("norm.weight", o.hidden);
  out.head = make_matrix("output.weight", o.vocabulary, o.hidden, 3.0);
  out.head.role = Role::head;
  return out;
}

LayerMatrices layer_matrices(const SynthOptions& o, int64_t layer) {
  const std::string p = fmt::format("layers.{}.", layer);
  LayerMatrices out;
  out.attention_norm = make_norm(p + "attention_norm.weight", o.hidden);
  out.ffn_norm = make_norm(p + "ffn_norm.weight", o.hidden);
  out.attention = attention_matrices(o, p + "attention.");
  out.dense = layer < o.dense_layers;
  if (out.dense) {
    out.feed_forward = feed_forward(o, p + "feed_forward", o.dense_width);
    return out;
  }
  out.gate = make_matrix(p + "gate.weight", o.experts, o.hidden, 2.0);
  out.gate.role = Role::router;
  for (int64_t e = 0; e < o.experts; ++e) {
    out.experts.push_back(feed_forward(o, fmt::format("{}experts.{}", p, e), o.expert_width));
  }
  if (o.shared > 0) out.shared = feed_forward(o, p + "shared_experts", o.shared * o.expert_width);
  return out;
}

Piece make_piece(const Matrix& matrix, DType dtype) {
  Piece piece;
  piece.dtype = dtype;
  piece.name = matrix.name;
  piece.spread = matrix.spread;
  piece.bytes = matrix.rows * row_bytes(dtype, matrix.cols);
  const bool is_float = dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
  piece.fill = matrix.role == Role::norm ? Fill::norm
               : is_float                ? Fill::floats
               : dtype == DType::f8_e4m3 ? Fill::e4m3
                                         : Fill::blocks;
  return piece;
}

StoredTensor store(std::string name, const Matrix& matrix, DType dtype) {
  std::vector<int64_t> shape = {matrix.rows, matrix.cols};
  if (matrix.role == Role::norm) shape = {matrix.cols};
  return {{std::move(name), dtype, std::move(shape)}, {make_piece(matrix, dtype)}};
}

StoredTensor store_stacked(std::string name, const std::vector<Matrix>& matrices, DType dtype,
                           std::vector<int64_t> shape) {
  StoredTensor out{{std::move(name), dtype, std::move(shape)}, {}};
  for (const Matrix& matrix : matrices) out.pieces.push_back(make_piece(matrix, dtype));
  return out;
}

StoredTensor store_values(std::string name, std::vector<float> values, DType dtype,
                          std::vector<int64_t> shape) {
  Piece piece;
  piece.fill = Fill::values;
  piece.dtype = dtype;
  piece.bytes = row_bytes(dtype, static_cast<int64_t>(values.size()));
  piece.values = std::move(values);
  return {{std::move(name), dtype, std::move(shape)}, {std::move(piece)}};
}

}  // namespace sirocco::synth
