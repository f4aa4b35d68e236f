// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/packing_plan.h"

namespace sirocco {

MatrixBytes matrix_bytes(const ModelWeights& weights) {
  MatrixBytes sum;
  const auto add = [](uint64_t& to, const WeightView& view) {
    if (view.present()) to += static_cast<uint64_t>(view.bytes());
  };
  const auto add_block = [&](uint64_t& to, const FeedForwardWeights& block) {
    for (const WeightView* view : {&block.gate, &block.up, &block.down}) add(to, *view);
  };
  add(sum.others, weights.head);
  for (const LayerWeights& layer : weights.layers) {
    for (const WeightView* view : {&layer.latent.q_a, &layer.latent.q_b, &layer.latent.kv_a, &layer.latent.o})
      add(sum.others, *view);
    for (const FeedForwardWeights& expert : layer.experts) add_block(sum.routed, expert);
    add_block(sum.others, layer.shared);
    add_block(sum.others, layer.dense);
  }
  const VisionWeights& vision = weights.vision;
  for (const WeightView* view :
       {&vision.patch_conv, &vision.merger, &vision.projector_in, &vision.projector_out})
    add(sum.others, *view);
  for (const VisionLayerWeights& layer : vision.layers) {
    for (const WeightView* view : {&layer.q, &layer.k, &layer.v, &layer.o}) add(sum.others, *view);
    add_block(sum.others, layer.feed_forward);
  }
  return sum;
}

PackingPlan plan_packing(const MatrixBytes& bytes, uint64_t available, const ModelOptions& options) {
  if (options.exact) return {};
  const auto wanted = static_cast<uint64_t>(options.weight_copy_bytes);
  const uint64_t memory = wanted > 0 ? wanted : available / 10 * 9;  // beside it there are the caches of sequences
  if (bytes.routed + bytes.others < memory)
    return {options.pack_when_used ? Packing::when_used : Packing::at_once, 0};
  if (bytes.others < memory / 4 * 3) return {Packing::in_turns, memory - bytes.others};
  return {};
}

}  // namespace sirocco
