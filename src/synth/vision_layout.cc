// SPDX-License-Identifier: Apache-2.0
// The Pixtral tower and its projector in all layouts, without biases. Hugging Face's rotary order of q and k
// differs, so its tower is another random tower, not a permutation of the native one.
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/function_ref.h"
#include "synth/matrices.h"

namespace sirocco::synth {
namespace {

struct Names {
  std::string conv, pre_norm, layer;  // layer: before the layer's number
  const char *attention_norm, *ffn_norm, *q, *k, *v, *o, *gate, *down, *up;
  std::string norm, merger, in, out;
};

StoredTensors vision_tensors(const SynthOptions& o, const Names& n, FunctionRef<DType(const Matrix&)> type) {
  StoredTensors out;
  const int64_t d = o.vision_hidden, f = o.vision_width;
  const auto store_as = [&](const std::string& name, const Matrix& matrix) {
    out.push_back(store(name + ".weight", matrix, type(matrix)));
  };
  const auto add = [&](const std::string& canonical, const std::string& name, int64_t rows, int64_t cols) {
    store_as(name, make_matrix(canonical + ".weight", rows, cols));
  };
  const auto add_norm = [&](const std::string& canonical, const std::string& name, int64_t size) {
    store_as(name, make_norm(canonical + ".weight", size));
  };
  add("vision_encoder.patch_conv", n.conv, d, 3 * o.patch * o.patch);
  out.back().spec.shape = {d, 3, o.patch, o.patch};
  add_norm("vision_encoder.ln_pre", n.pre_norm, d);
  for (int64_t l = 0; l < o.vision_layers; ++l) {
    const std::string from = fmt::format("vision_encoder.transformer.layers.{}.", l);
    const std::string to = fmt::format("{}{}.", n.layer, l);
    add(from + "attention.wq", to + n.q, d, d);
    add(from + "attention.wk", to + n.k, d, d);
    add(from + "attention.wv", to + n.v, d, d);
    add(from + "attention.wo", to + n.o, d, d);
    add_norm(from + "attention_norm", to + n.attention_norm, d);
    add_norm(from + "ffn_norm", to + n.ffn_norm, d);
    add(from + "feed_forward.w1", to + n.gate, f, d);
    add(from + "feed_forward.w2", to + n.down, d, f);
    add(from + "feed_forward.w3", to + n.up, f, d);
  }
  add_norm("pre_mm_projector_norm", n.norm, d);
  add("patch_merger.merging_layer", n.merger, d, 4 * d);
  add("vision_language_adapter.w_in", n.in, o.hidden, d);
  add("vision_language_adapter.w_out", n.out, o.hidden, o.hidden);
  return out;
}

constexpr auto always_bf16 = [](const Matrix&) { return DType::bf16; };

}  // namespace

StoredTensors native_vision_tensors(const SynthOptions& options) {
  return vision_tensors(options,
                        {.conv = "vision_encoder.patch_conv",
                         .pre_norm = "vision_encoder.ln_pre",
                         .layer = "vision_encoder.transformer.layers.",
                         .attention_norm = "attention_norm",
                         .ffn_norm = "ffn_norm",
                         .q = "attention.wq",
                         .k = "attention.wk",
                         .v = "attention.wv",
                         .o = "attention.wo",
                         .gate = "feed_forward.w1",
                         .down = "feed_forward.w2",
                         .up = "feed_forward.w3",
                         .norm = "pre_mm_projector_norm",
                         .merger = "patch_merger.merging_layer",
                         .in = "vision_language_adapter.w_in",
                         .out = "vision_language_adapter.w_out"},
                        always_bf16);
}

StoredTensors hugging_face_vision_tensors(const SynthOptions& options) {
  const std::string root = options.prefix == "language_model.model" ? "" : "model.";
  const std::string tower = root + "vision_tower.", projector = root + "multi_modal_projector.";
  return vision_tensors(options,
                        {.conv = tower + "patch_conv",
                         .pre_norm = tower + "ln_pre",
                         .layer = tower + "transformer.layers.",
                         .attention_norm = "attention_norm",
                         .ffn_norm = "ffn_norm",
                         .q = "attention.q_proj",
                         .k = "attention.k_proj",
                         .v = "attention.v_proj",
                         .o = "attention.o_proj",
                         .gate = "feed_forward.gate_proj",
                         .down = "feed_forward.down_proj",
                         .up = "feed_forward.up_proj",
                         .norm = projector + "norm",
                         .merger = projector + "patch_merger.merging_layer",
                         .in = projector + "linear_1",
                         .out = projector + "linear_2"},
                        always_bf16);
}

Result<StoredTensors> mmproj_tensors(const SynthOptions& options) {
  const auto type = gguf_weight_type(options.vision_type, "vision_type");
  if (!type) return tl::unexpected<Error>(type.error());
  StoredTensors out = vision_tensors(options,
                                     {.conv = "v.patch_embd",
                                      .pre_norm = "v.pre_ln",
                                      .layer = "v.blk.",
                                      .attention_norm = "ln1",
                                      .ffn_norm = "ln2",
                                      .q = "attn_q",
                                      .k = "attn_k",
                                      .v = "attn_v",
                                      .o = "attn_out",
                                      .gate = "ffn_gate",
                                      .down = "ffn_down",
                                      .up = "ffn_up",
                                      .norm = "mm.input_norm",
                                      .merger = "mm.patch_merger",
                                      .in = "mm.1",
                                      .out = "mm.2"},
                                     [&](const Matrix& matrix) { return gguf_type_for(matrix, *type); });
  // The [IMG_BREAK] row of the embedding, which the text model has too.
  constexpr int64_t kBreakToken = 12;
  const Piece embedding = make_piece(outer_matrices(options).embedding, DType::f32);
  const int64_t row = 4 * options.hidden, end = (kBreakToken + 2) * row;  // an even number of elements
  std::vector<std::byte> bytes(static_cast<size_t>(end));
  generate(embedding, static_cast<uint64_t>(options.seed), 0, bytes);
  std::vector<float> values(static_cast<size_t>(options.hidden));
  std::memcpy(values.data(), bytes.data() + kBreakToken * row, static_cast<size_t>(row));
  out.push_back(store_values("v.token_embd.img_break", std::move(values), DType::f32, {options.hidden}));
  return out;
}

}  // namespace sirocco::synth
