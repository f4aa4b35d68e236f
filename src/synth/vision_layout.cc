// SPDX-License-Identifier: Apache-2.0
// The Pixtral tower and its projector in the two safetensors layouts: BF16, no biases. Hugging Face's rotary
// order of q and k differs, so its tower is another random tower, not a permutation of the native one.
#include <fmt/format.h>

#include "synth/matrices.h"

namespace sirocco::synth {
namespace {

struct Names {
  std::string tower, projector;
  const char *q, *k, *v, *o, *gate, *down, *up;
  const char *norm, *merger, *in, *out;
};

StoredTensors vision_tensors(const SynthOptions& o, const Names& n) {
  StoredTensors out;
  const int64_t d = o.vision_hidden, f = o.vision_width;
  const auto add = [&](const std::string& canonical, const std::string& name, int64_t rows, int64_t cols) {
    out.push_back(store(name + ".weight", make_matrix(canonical + ".weight", rows, cols), DType::bf16));
  };
  const auto add_norm = [&](const std::string& canonical, const std::string& name, int64_t size) {
    out.push_back(store(name + ".weight", make_norm(canonical + ".weight", size), DType::bf16));
  };
  add("vision_encoder.patch_conv", n.tower + "patch_conv", d, 3 * o.patch * o.patch);
  out.back().spec.shape = {d, 3, o.patch, o.patch};
  add_norm("vision_encoder.ln_pre", n.tower + "ln_pre", d);
  for (int64_t l = 0; l < o.vision_layers; ++l) {
    const std::string from = fmt::format("vision_encoder.transformer.layers.{}.", l);
    const std::string to = fmt::format("{}transformer.layers.{}.", n.tower, l);
    add(from + "attention.wq", to + "attention." + n.q, d, d);
    add(from + "attention.wk", to + "attention." + n.k, d, d);
    add(from + "attention.wv", to + "attention." + n.v, d, d);
    add(from + "attention.wo", to + "attention." + n.o, d, d);
    add_norm(from + "attention_norm", to + "attention_norm", d);
    add_norm(from + "ffn_norm", to + "ffn_norm", d);
    add(from + "feed_forward.w1", to + "feed_forward." + n.gate, f, d);
    add(from + "feed_forward.w2", to + "feed_forward." + n.down, d, f);
    add(from + "feed_forward.w3", to + "feed_forward." + n.up, f, d);
  }
  add_norm("pre_mm_projector_norm", n.projector + n.norm, d);
  add("patch_merger.merging_layer", n.projector + n.merger, d, 4 * d);
  add("vision_language_adapter.w_in", n.projector + n.in, o.hidden, d);
  add("vision_language_adapter.w_out", n.projector + n.out, o.hidden, o.hidden);
  return out;
}

}  // namespace

StoredTensors native_vision_tensors(const SynthOptions& options) {
  return vision_tensors(options, {"vision_encoder.", "", "wq", "wk", "wv", "wo", "w1", "w2", "w3",
                                  "pre_mm_projector_norm", "patch_merger.merging_layer",
                                  "vision_language_adapter.w_in", "vision_language_adapter.w_out"});
}

StoredTensors hugging_face_vision_tensors(const SynthOptions& options) {
  const std::string p = options.prefix == "language_model.model" ? "" : "model.";
  return vision_tensors(options, {p + "vision_tower.", p + "multi_modal_projector.", "q_proj", "k_proj",
                                  "v_proj", "o_proj", "gate_proj", "down_proj", "up_proj", "norm",
                                  "patch_merger.merging_layer", "linear_1", "linear_2"});
}

}  // namespace sirocco::synth
