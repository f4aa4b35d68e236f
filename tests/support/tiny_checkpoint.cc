// SPDX-License-Identifier: Apache-2.0
#include "support/tiny_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>

namespace sirocco {
namespace {

constexpr int64_t kD = 24, kH = 3, kQ = 20, kC = 12, kR = 6, kN = 10, kV = 14, kE = 5, kF = 16, kDense = 40,
                  kW = 33;
constexpr int64_t kVisionD = 16, kVisionF = 20, kPatch = 2, kMerge = 2;

void add(TinyCheckpoint& c, const std::string& name, std::vector<int64_t> shape) {
  int64_t n = 2;
  for (const int64_t extent : shape) n *= extent;
  // A different byte pattern for every tensor, so that a test sees which one it got.
  std::string bytes(static_cast<size_t>(n), static_cast<char>(c.tensors.size() + 1));
  c.tensors.push_back({name, "BF16", std::move(shape), std::move(bytes)});
}

void add_feed_forward(TinyCheckpoint& c, const std::string& gate, const std::string& up,
                      const std::string& down, int64_t width) {
  add(c, gate + ".weight", {width, kD});
  add(c, up + ".weight", {width, kD});
  add(c, down + ".weight", {kD, width});
}

Json native_params() {
  return {{"dim", kD},
          {"n_layers", 2},
          {"n_heads", kH},
          {"n_kv_heads", kH},
          {"hidden_dim", kDense},
          {"head_dim", kN + kR},
          {"q_lora_rank", kQ},
          {"kv_lora_rank", kC},
          {"qk_nope_head_dim", kN},
          {"qk_rope_head_dim", kR},
          {"v_head_dim", kV},
          {"vocab_size", kW},
          {"norm_eps", 1e-6},
          {"rope_theta", 10000.0},
          {"tied_embeddings", false},
          {"max_position_embeddings", 4096},
          {"yarn",
           {{"factor", 16},
            {"original_max_position_embeddings", 256},
            {"beta", 32},
            {"alpha", 1},
            {"apply_scale", false}}},
          {"llama_4_scaling", {{"beta", 0.1}, {"original_max_position_embeddings", 256}}},
          {"moe",
           {{"num_experts", kE},
            {"num_experts_per_tok", 2},
            {"num_shared_experts", 1},
            {"expert_hidden_dim", kF},
            {"first_k_dense_replace", 0},
            {"route_every_n", 1},
            {"routed_scale", 1.0},
            {"num_expert_groups", 1},
            {"num_expert_groups_per_tok", 1}}}};
}

Json vision_encoder() {
  return {{"hidden_size", kVisionD},  {"num_hidden_layers", 1},
          {"num_attention_heads", 2}, {"intermediate_size", kVisionF},
          {"num_channels", 3},        {"patch_size", kPatch},
          {"image_size", 28},         {"max_image_size", 28},
          {"rope_theta", 10000.0},    {"spatial_merge_size", kMerge},
          {"image_token_id", 10},     {"image_break_token_id", 12},
          {"image_end_token_id", 13}};
}

void add_native_vision(TinyCheckpoint& c) {
  add(c, "vision_encoder.patch_conv.weight", {kVisionD, 3, kPatch, kPatch});
  add(c, "vision_encoder.ln_pre.weight", {kVisionD});
  const std::string layer = "vision_encoder.transformer.layers.0.";
  for (const char* name : {"wq", "wk", "wv", "wo"})
    add(c, layer + "attention." + name + ".weight", {kVisionD, kVisionD});
  add(c, layer + "attention_norm.weight", {kVisionD});
  add(c, layer + "ffn_norm.weight", {kVisionD});
  add(c, layer + "feed_forward.w1.weight", {kVisionF, kVisionD});
  add(c, layer + "feed_forward.w3.weight", {kVisionF, kVisionD});
  add(c, layer + "feed_forward.w2.weight", {kVisionD, kVisionF});
  add(c, "patch_merger.merging_layer.weight", {kVisionD, kVisionD * kMerge * kMerge});
  add(c, "pre_mm_projector_norm.weight", {kVisionD});
  add(c, "vision_language_adapter.w_in.weight", {kD, kVisionD});
  add(c, "vision_language_adapter.w_out.weight", {kD, kD});
}

void add_native_latent(TinyCheckpoint& c, const std::string& layer) {
  add(c, layer + "attention.wq_a.weight", {kQ, kD});
  add(c, layer + "attention.q_a_norm.weight", {kQ});
  add(c, layer + "attention.wq_b.weight", {kH * (kN + kR), kQ});
  add(c, layer + "attention.wkv_a_with_mqa.weight", {kC + kR, kD});
  add(c, layer + "attention.kv_a_norm.weight", {kC});
  add(c, layer + "attention.wkv_b.weight", {kH * (kN + kV), kC});
  add(c, layer + "attention.wo.weight", {kD, kH * kV});
}

Json hugging_face_text() {
  return {{"model_type", "mistral4"},
          {"hidden_size", kD},
          {"intermediate_size", kDense},
          {"moe_intermediate_size", kF},
          {"num_hidden_layers", 2},
          {"num_attention_heads", kH},
          {"num_key_value_heads", kH},
          {"n_routed_experts", kE},
          {"num_experts_per_tok", 2},
          {"n_shared_experts", 1},
          {"n_group", 1},
          {"topk_group", 1},
          {"norm_topk_prob", true},
          {"routed_scaling_factor", 1.0},
          {"first_k_dense_replace", 0},
          {"vocab_size", kW},
          {"q_lora_rank", kQ},
          {"kv_lora_rank", kC},
          {"qk_nope_head_dim", kN},
          {"qk_rope_head_dim", kR},
          {"v_head_dim", kV},
          {"rms_norm_eps", 1e-6},
          {"max_position_embeddings", 4096},
          {"rope_interleave", true},
          {"tie_word_embeddings", false},
          {"hidden_act", "silu"},
          {"rope_parameters",
           {{"type", "yarn"},
            {"rope_theta", 10000.0},
            {"factor", 16.0},
            {"original_max_position_embeddings", 256},
            {"beta_fast", 32.0},
            {"beta_slow", 1.0},
            {"mscale", 1.0},
            {"mscale_all_dim", 1.0},
            {"llama_4_scaling_beta", 0.1}}}};
}

void add_hugging_face_layer(TinyCheckpoint& c, const std::string& layer) {
  add(c, layer + "input_layernorm.weight", {kD});
  add(c, layer + "post_attention_layernorm.weight", {kD});
  add(c, layer + "self_attn.q_a_proj.weight", {kQ, kD});
  add(c, layer + "self_attn.q_a_layernorm.weight", {kQ});
  add(c, layer + "self_attn.q_b_proj.weight", {kH * (kN + kR), kQ});
  add(c, layer + "self_attn.kv_a_proj_with_mqa.weight", {kC + kR, kD});
  add(c, layer + "self_attn.kv_a_layernorm.weight", {kC});
  add(c, layer + "self_attn.kv_b_proj.weight", {kH * (kN + kV), kC});
  add(c, layer + "self_attn.o_proj.weight", {kD, kH * kV});
  add(c, layer + "mlp.gate.weight", {kE, kD});
  add(c, layer + "mlp.experts.gate_up_proj", {kE, 2 * kF, kD});
  add(c, layer + "mlp.experts.down_proj", {kE, kD, kF});
  const std::string shared = layer + "mlp.shared_experts.";
  add_feed_forward(c, shared + "gate_proj", shared + "up_proj", shared + "down_proj", kF);
}

void add_hugging_face_vision(TinyCheckpoint& c, const std::string& root) {
  const std::string tower = root + "vision_tower.";
  add(c, tower + "patch_conv.weight", {kVisionD, 3, kPatch, kPatch});
  add(c, tower + "ln_pre.weight", {kVisionD});
  const std::string layer = tower + "transformer.layers.0.";
  for (const char* name : {"q_proj", "k_proj", "v_proj", "o_proj"})
    add(c, layer + "attention." + name + ".weight", {kVisionD, kVisionD});
  add(c, layer + "attention_norm.weight", {kVisionD});
  add(c, layer + "ffn_norm.weight", {kVisionD});
  add(c, layer + "feed_forward.gate_proj.weight", {kVisionF, kVisionD});
  add(c, layer + "feed_forward.up_proj.weight", {kVisionF, kVisionD});
  add(c, layer + "feed_forward.down_proj.weight", {kVisionD, kVisionF});
  const std::string projector = root + "multi_modal_projector.";
  add(c, projector + "norm.weight", {kVisionD});
  add(c, projector + "patch_merger.merging_layer.weight", {kVisionD, kVisionD * kMerge * kMerge});
  add(c, projector + "linear_1.weight", {kD, kVisionD});
  add(c, projector + "linear_2.weight", {kD, kD});
}

}  // namespace

TestTensor& TinyCheckpoint::tensor(std::string_view name) {
  const auto it =
      std::find_if(tensors.begin(), tensors.end(), [&](const TestTensor& t) { return t.name == name; });
  if (it == tensors.end()) {
    ADD_FAILURE() << "no tensor " << name;
    return tensors.front();
  }
  return *it;
}

void TinyCheckpoint::remove(std::string_view name) {
  std::erase_if(tensors, [&](const TestTensor& t) { return t.name == name; });
}

void TinyCheckpoint::write(const TemporaryDirectory& directory, std::string_view config_name,
                           std::string_view file_name) const {
  directory.write(config_name, config.dump());
  directory.write(file_name, safetensors_file(tensors));
}

TinyCheckpoint tiny_native(bool dense_first, bool vision) {
  TinyCheckpoint c;
  c.config = native_params();
  if (dense_first) c.config["moe"]["first_k_dense_replace"] = 1;
  add(c, "tok_embeddings.weight", {kW, kD});
  add(c, "norm.weight", {kD});
  add(c, "output.weight", {kW, kD});
  for (int i = 0; i < 2; ++i) {
    const std::string layer = fmt::format("layers.{}.", i);
    add(c, layer + "attention_norm.weight", {kD});
    add(c, layer + "ffn_norm.weight", {kD});
    add_native_latent(c, layer);
    if (i == 0 && dense_first) {
      add_feed_forward(c, layer + "feed_forward.w1", layer + "feed_forward.w3", layer + "feed_forward.w2",
                       kDense);
      continue;
    }
    add(c, layer + "gate.weight", {kE, kD});
    for (int e = 0; e < kE; ++e) {
      const std::string expert = fmt::format("{}experts.{}.", layer, e);
      add_feed_forward(c, expert + "w1", expert + "w3", expert + "w2", kF);
    }
    const std::string shared = layer + "shared_experts.";
    add_feed_forward(c, shared + "w1", shared + "w3", shared + "w2", kF);
  }
  if (vision) {
    c.config["vision_encoder"] = vision_encoder();
    add_native_vision(c);
  }
  return c;
}

TinyCheckpoint tiny_hugging_face(const std::string& prefix, const std::string& head,
                                 bool vision_model_prefix) {
  TinyCheckpoint c;
  c.config = {{"model_type", "mistral3"},
              {"text_config", hugging_face_text()},
              {"image_token_id", 10},
              {"spatial_merge_size", kMerge},
              {"vision_feature_layer", -1},
              {"multimodal_projector_bias", false},
              {"vision_config",
               {{"model_type", "pixtral"},
                {"hidden_size", kVisionD},
                {"num_hidden_layers", 1},
                {"num_attention_heads", 2},
                {"intermediate_size", kVisionF},
                {"num_channels", 3},
                {"patch_size", kPatch},
                {"image_size", 28},
                {"rope_theta", 10000.0}}}};
  add(c, prefix + ".embed_tokens.weight", {kW, kD});
  add(c, prefix + ".norm.weight", {kD});
  add(c, head + ".weight", {kW, kD});
  for (int i = 0; i < 2; ++i) add_hugging_face_layer(c, fmt::format("{}.layers.{}.", prefix, i));
  add_hugging_face_vision(c, vision_model_prefix ? "model." : "");
  return c;
}

TinyCheckpoint tiny_grouped_native() {
  TinyCheckpoint c;
  c.config = {{"dim", kD},        {"n_layers", 2},    {"n_heads", 4},
              {"n_kv_heads", 2},  {"head_dim", 8},    {"hidden_dim", kDense},
              {"vocab_size", kW}, {"norm_eps", 1e-5}, {"rope_theta", 1e6}};
  add(c, "tok_embeddings.weight", {kW, kD});
  add(c, "norm.weight", {kD});
  add(c, "output.weight", {kW, kD});
  for (int i = 0; i < 2; ++i) {
    const std::string layer = fmt::format("layers.{}.", i);
    add(c, layer + "attention_norm.weight", {kD});
    add(c, layer + "ffn_norm.weight", {kD});
    add(c, layer + "attention.wq.weight", {32, kD});
    add(c, layer + "attention.wk.weight", {16, kD});
    add(c, layer + "attention.wv.weight", {16, kD});
    add(c, layer + "attention.wo.weight", {kD, 32});
    add_feed_forward(c, layer + "feed_forward.w1", layer + "feed_forward.w3", layer + "feed_forward.w2",
                     kDense);
  }
  return c;
}

}  // namespace sirocco
