// SPDX-License-Identifier: Apache-2.0
// The Pixtral tower and its projector under native, Hugging Face and GGUF names (docs/formats/native.md,
// hugging-face.md, gguf.md): one table of names each over the same shapes.
#include <fmt/format.h>

#include "model/bind_layouts.h"

namespace sirocco {
namespace {

struct VisionNames {
  std::string conv, pre_norm, layers;
  const char *attention_norm, *ffn_norm, *q, *k, *v, *o, *gate, *up, *down;
  std::string projector_norm, merger, projector_in, projector_out;
};

VisionLayerWeights bind_layer(BindLookup& lookup, const std::string& prefix, const VisionNames& names,
                              const VisionConfig& v) {
  const auto matrix = [&](const char* name, int64_t rows, int64_t cols) {
    return lookup.matrix(prefix + name, rows, cols);
  };
  return {.attention_norm = lookup.vector(prefix + names.attention_norm, v.hidden),
          .ffn_norm = lookup.vector(prefix + names.ffn_norm, v.hidden),
          .q = matrix(names.q, v.hidden, v.hidden),
          .k = matrix(names.k, v.hidden, v.hidden),
          .v = matrix(names.v, v.hidden, v.hidden),
          .o = matrix(names.o, v.hidden, v.hidden),
          .feed_forward = {.gate = matrix(names.gate, v.width, v.hidden),
                           .up = matrix(names.up, v.width, v.hidden),
                           .down = matrix(names.down, v.hidden, v.width)}};
}

void bind_tower(BindLookup& lookup, const Config& config, const VisionNames& names, VisionWeights& vision) {
  const VisionConfig& v = *config.vision;
  const std::string conv = names.conv + ".weight";
  if (v.adapter_bias || lookup.has(names.projector_in + ".bias"))
    lookup.refuse(ErrorKind::unsupported,
                  fmt::format("{}.bias: the projector has biases, expected none", names.projector_in));
  vision.patch_conv = lookup.reshaped(conv, {v.hidden, v.channels, v.patch, v.patch}, v.hidden,
                                      v.channels * v.patch * v.patch);
  vision.pre_norm = lookup.vector(names.pre_norm, v.hidden);
  for (int64_t i = 0; i < v.layers && lookup.ok(); ++i)
    vision.layers.push_back(bind_layer(lookup, fmt::format("{}.{}.", names.layers, i), names, v));
  if (lookup.has(names.projector_norm + ".weight"))
    vision.projector_norm = lookup.vector(names.projector_norm, v.hidden);
  if (v.merge > 1) vision.merger = lookup.matrix(names.merger, v.hidden, v.hidden * v.merge * v.merge);
  vision.projector_in = lookup.matrix(names.projector_in, config.hidden, v.hidden);
  vision.projector_out = lookup.matrix(names.projector_out, config.hidden, config.hidden);
}

}  // namespace

void bind_native_vision(BindLookup& lookup, const Config& config, VisionWeights& vision) {
  if (!config.vision || !lookup.has_any("vision_encoder.")) return;
  vision.interleaved_rope = true;
  bind_tower(lookup, config,
             {.conv = "vision_encoder.patch_conv",
              .pre_norm = "vision_encoder.ln_pre",
              .layers = "vision_encoder.transformer.layers",
              .attention_norm = "attention_norm",
              .ffn_norm = "ffn_norm",
              .q = "attention.wq",
              .k = "attention.wk",
              .v = "attention.wv",
              .o = "attention.wo",
              .gate = "feed_forward.w1",
              .up = "feed_forward.w3",
              .down = "feed_forward.w2",
              .projector_norm = "pre_mm_projector_norm",
              .merger = "patch_merger.merging_layer",
              .projector_in = "vision_language_adapter.w_in",
              .projector_out = "vision_language_adapter.w_out"},
             vision);
}

void bind_hugging_face_vision(BindLookup& lookup, const Config& config, VisionWeights& vision) {
  if (!config.vision) return;
  // `vision_tower.` and `multi_modal_projector.` occur with and without a leading `model.`.
  const std::string root = lookup.has_any("model.vision_tower.") ? "model." : "";
  if (!lookup.has_any(root + "vision_tower.")) return;
  const std::string tower = root + "vision_tower";
  const std::string projector = root + "multi_modal_projector";
  vision.interleaved_rope = false;
  bind_tower(lookup, config,
             {.conv = tower + ".patch_conv",
              .pre_norm = tower + ".ln_pre",
              .layers = tower + ".transformer.layers",
              .attention_norm = "attention_norm",
              .ffn_norm = "ffn_norm",
              .q = "attention.q_proj",
              .k = "attention.k_proj",
              .v = "attention.v_proj",
              .o = "attention.o_proj",
              .gate = "feed_forward.gate_proj",
              .up = "feed_forward.up_proj",
              .down = "feed_forward.down_proj",
              .projector_norm = projector + ".norm",
              .merger = projector + ".patch_merger.merging_layer",
              .projector_in = projector + ".linear_1",
              .projector_out = projector + ".linear_2"},
             vision);
}

// Writers regroup Hugging Face's q and k back into pairs. v.token_embd.img_break repeats a row of the embedding.
void bind_mmproj_vision(BindLookup& lookup, const Config& config, VisionWeights& vision) {
  vision.interleaved_rope = true;
  bind_tower(lookup, config,
             {.conv = "v.patch_embd",
              .pre_norm = "v.pre_ln",
              .layers = "v.blk",
              .attention_norm = "ln1",
              .ffn_norm = "ln2",
              .q = "attn_q",
              .k = "attn_k",
              .v = "attn_v",
              .o = "attn_out",
              .gate = "ffn_gate",
              .up = "ffn_up",
              .down = "ffn_down",
              .projector_norm = "mm.input_norm",
              .merger = "mm.patch_merger",
              .projector_in = "mm.1",
              .projector_out = "mm.2"},
             vision);
}

}  // namespace sirocco
