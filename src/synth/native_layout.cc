// SPDX-License-Identifier: Apache-2.0
// The vendor's own layout: consolidated*.safetensors.
#include <fmt/format.h>

#include "synth/matrices.h"
#include "synth/scaled_store.h"

namespace sirocco::synth {
namespace {

void add_attention(const ScaledStore& scaled, const AttentionMatrices& attention, DType wide, bool fp8,
                   StoredTensors& out) {
  const auto add = [&](const Matrix& matrix) {
    if (fp8 && matrix.role == Role::linear) {
      scaled.add_fp8(matrix.name, matrix, out);
    } else {
      out.push_back(store(matrix.name, matrix, wide));
    }
  };
  if (attention.wq) add(*attention.wq);
  if (attention.wq_a) {
    add(*attention.wq_a);
    add(*attention.q_a_norm);
    add(*attention.wq_b);
  }
  for (const Matrix* m : {&attention.wkv_a, &attention.kv_a_norm, &attention.wkv_b, &attention.wo}) add(*m);
}

}  // namespace

Result<StoredTensors> native_tensors(const SynthOptions& o) {
  const auto types = safetensors_types(o);
  if (!types) return bad_input(types.error().message);
  const ScaledStore scaled(o, ".qscale_weight", ".qscale_act");
  const DType wide = types->wide;
  StoredTensors out;
  const auto add_feed_forward = [&](const FeedForwardMatrices& group) {
    for (const Matrix* matrix : {&group.w1, &group.w2, &group.w3})
      scaled.add(matrix->name, *matrix, *types, out);
  };

  const OuterMatrices outer = outer_matrices(o);
  for (const Matrix* matrix : {&outer.embedding, &outer.norm, &outer.head}) {
    out.push_back(store(matrix->name, *matrix, wide));
  }
  for (int64_t n = 0; n < o.layers; ++n) {
    const LayerMatrices layer = layer_matrices(o, n);
    out.push_back(store(layer.attention_norm.name, layer.attention_norm, wide));
    add_attention(scaled, layer.attention, wide, types->fp8, out);
    out.push_back(store(layer.ffn_norm.name, layer.ffn_norm, wide));
    if (layer.dense) {
      add_feed_forward(layer.feed_forward);
      continue;
    }
    out.push_back(store(layer.gate.name, layer.gate, wide));
    for (const FeedForwardMatrices& expert : layer.experts) add_feed_forward(expert);
    if (layer.shared) add_feed_forward(*layer.shared);
  }
  if (o.vision) {
    for (StoredTensor& tensor : native_vision_tensors(o)) out.push_back(std::move(tensor));
  }
  return out;
}

}  // namespace sirocco::synth
