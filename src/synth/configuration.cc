// SPDX-License-Identifier: Apache-2.0
#include "synth/configuration.h"

#include <cmath>
#include <utility>
#include <vector>

namespace sirocco::synth {
namespace {

constexpr double kNormEpsilon = 1e-6;
constexpr double kTheta = 10000.0;
constexpr double kQueryScaleBeta = 0.1;

int64_t context_length(const SynthOptions& o) {
  return static_cast<int64_t>(std::llround(static_cast<double>(o.original_positions) * o.rope_factor));
}

Json optional_rank(const SynthOptions& o) {
  return o.q_rank > 0 ? Json(o.q_rank) : Json(nullptr);
}

Json nvfp4_quantization() {
  const Json weights = {{"num_bits", 4},
                        {"type", "float"},
                        {"group_size", 16},
                        {"strategy", "tensor_group"},
                        {"symmetric", true},
                        {"dynamic", false},
                        {"scale_dtype", "torch.float8_e4m3fn"}};
  Json inputs = weights;
  inputs["dynamic"] = "local";
  return {{"quant_method", "compressed-tensors"},
          {"format", "nvfp4-pack-quantized"},
          {"version", "0.13.0"},
          {"quantization_status", "compressed"},
          {"kv_cache_scheme", nullptr},
          {"config_groups",
           {{"NVFP4A16",
             {{"format", "nvfp4-pack-quantized"},
              {"targets", {"Linear"}},
              {"weights", weights},
              {"input_activations", inputs}}}}}};
}

Json vision_encoder(const SynthOptions& o) {
  return {{"image_token_id", 10},
          {"image_break_token_id", 12},
          {"image_end_token_id", 13},
          {"hidden_size", o.vision_hidden},
          {"num_hidden_layers", o.vision_layers},
          {"num_attention_heads", o.vision_heads},
          {"intermediate_size", o.vision_width},
          {"patch_size", o.patch},
          {"image_size", o.image_size},
          {"max_image_size", o.image_size},
          {"num_channels", 3},
          {"rope_theta", kTheta},
          {"spatial_merge_size", 2},
          {"mm_projector_id", "patch_merge"},
          {"adapter_bias", false},
          {"add_pre_mm_projector_layer_norm", true}};
}

Json rope_parameters(const SynthOptions& o) {
  return {{"type", "yarn"},
          {"rope_type", "yarn"},
          {"rope_theta", kTheta},
          {"factor", o.rope_factor},
          {"original_max_position_embeddings", o.original_positions},
          {"max_position_embeddings", context_length(o)},
          {"beta_fast", 32.0},
          {"beta_slow", 1.0},
          {"mscale", 1.0},
          {"mscale_all_dim", 1.0},
          {"partial_rotary_factor", static_cast<double>(o.rope) / static_cast<double>(o.nope + o.rope)},
          {"llama_4_scaling_beta", kQueryScaleBeta}};
}

Json text_config(const SynthOptions& o) {
  return {{"model_type", "mistral4"},
          {"hidden_size", o.hidden},
          {"intermediate_size", o.dense_width},
          {"moe_intermediate_size", o.expert_width},
          {"num_hidden_layers", o.layers},
          {"num_attention_heads", o.heads},
          {"num_key_value_heads", o.heads},
          {"n_routed_experts", o.experts},
          {"num_experts_per_tok", o.experts_per_token},
          {"n_shared_experts", o.shared},
          {"n_group", o.groups},
          {"topk_group", o.groups_per_token},
          {"norm_topk_prob", true},
          {"routed_scaling_factor", o.routed_scale},
          {"first_k_dense_replace", o.dense_layers},
          {"vocab_size", o.vocabulary},
          {"q_lora_rank", optional_rank(o)},
          {"kv_lora_rank", o.kv_rank},
          {"qk_nope_head_dim", o.nope},
          {"qk_rope_head_dim", o.rope},
          {"qk_head_dim", o.nope + o.rope},
          {"head_dim", o.nope + o.rope},
          {"v_head_dim", o.v},
          {"rms_norm_eps", kNormEpsilon},
          {"max_position_embeddings", context_length(o)},
          {"rope_interleave", true},
          {"attention_bias", false},
          {"mlp_bias", false},
          {"hidden_act", "silu"},
          {"bos_token_id", 1},
          {"eos_token_id", 2},
          {"pad_token_id", 11},
          {"tie_word_embeddings", false},
          {"rope_parameters", rope_parameters(o)}};
}

}  // namespace

Json native_params(const SynthOptions& o) {
  Json out = {{"dim", o.hidden},
              {"n_layers", o.layers},
              {"head_dim", o.nope + o.rope},
              {"hidden_dim", o.dense_width},
              {"n_heads", o.heads},
              {"n_kv_heads", o.heads},
              {"rope_theta", kTheta},
              {"norm_eps", kNormEpsilon},
              {"vocab_size", o.vocabulary},
              {"tied_embeddings", false},
              {"max_position_embeddings", context_length(o)},
              {"q_lora_rank", optional_rank(o)},
              {"qk_rope_head_dim", o.rope},
              {"qk_nope_head_dim", o.nope},
              {"kv_lora_rank", o.kv_rank},
              {"v_head_dim", o.v}};
  out["llama_4_scaling"] = {{"original_max_position_embeddings", o.original_positions},
                            {"beta", kQueryScaleBeta}};
  out["yarn"] = {{"original_max_position_embeddings", o.original_positions},
                 {"factor", o.rope_factor},
                 {"apply_scale", false},
                 {"beta", 32},
                 {"alpha", 1}};
  out["moe"] = {{"expert_parallel", 1},
                {"expert_model_parallel", 1},
                {"route_every_n", 1},
                {"first_k_dense_replace", o.dense_layers},
                {"num_experts", o.experts},
                {"num_experts_per_tok", o.experts_per_token},
                {"num_shared_experts", o.shared},
                {"expert_hidden_dim", o.expert_width},
                {"num_expert_groups", o.groups},
                {"num_expert_groups_per_tok", o.groups_per_token},
                {"routed_scale", o.routed_scale}};
  if (o.vision) out["vision_encoder"] = vision_encoder(o);
  if (o.type == "fp8") out["quantization"] = {{"qformat_weight", "fp8_e4m3"}, {"qscheme_act", "TENSOR"}};
  if (o.type == "nvfp4") out["quantization_config"] = nvfp4_quantization();
  return out;
}

Json hugging_face_config(const SynthOptions& o) {
  Json out = {{"architectures", {"Mistral3ForConditionalGeneration"}},
              {"model_type", "mistral3"},
              {"image_token_index", 10},
              {"image_token_id", 10},
              {"spatial_merge_size", 2},
              {"vision_feature_layer", -1},
              {"multimodal_projector_bias", false},
              {"projector_hidden_act", "gelu"},
              {"tie_word_embeddings", false},
              {"text_config", text_config(o)}};
  if (o.vision) {
    out["vision_config"] = {{"model_type", "pixtral"},
                            {"hidden_size", o.vision_hidden},
                            {"num_hidden_layers", o.vision_layers},
                            {"num_attention_heads", o.vision_heads},
                            {"head_dim", o.vision_hidden / o.vision_heads},
                            {"intermediate_size", o.vision_width},
                            {"patch_size", o.patch},
                            {"image_size", o.image_size},
                            {"num_channels", 3},
                            {"hidden_act", "silu"},
                            {"rope_parameters", {{"rope_theta", kTheta}, {"rope_type", "default"}}}};
  }
  if (o.type == "fp8") {
    out["quantization_config"] = {{"quant_method", "fp8"},
                                  {"activation_scheme", "static"},
                                  {"weight_block_size", nullptr},
                                  {"dequantize", false}};
  }
  return out;
}

GgufMetadata gguf_metadata(const SynthOptions& o) {
  GgufMetadata out;
  const std::string p = o.architecture + ".";
  const auto add = [&out](const std::string& key, GgufValue::Scalar value) {
    out.entries.emplace_back(key, GgufValue{std::move(value)});
  };
  const auto integer = [&](const std::string& key, int64_t value) {
    add(p + key, static_cast<uint64_t>(value));
  };
  const auto number = [&](const std::string& key, double value) { add(p + key, value); };
  add("general.architecture", o.architecture);
  add("general.type", std::string("model"));
  add("general.name", std::string("Synthetic"));
  integer("block_count", o.layers);
  integer("context_length", context_length(o));
  integer("embedding_length", o.hidden);
  integer("feed_forward_length", o.dense_width);
  integer("attention.head_count", o.heads);
  integer("attention.head_count_kv", 1);
  number("attention.layer_norm_rms_epsilon", kNormEpsilon);
  if (o.q_rank > 0) integer("attention.q_lora_rank", o.q_rank);
  integer("attention.kv_lora_rank", o.kv_rank);
  integer("attention.key_length", o.kv_rank + o.rope);
  integer("attention.value_length", o.kv_rank);
  integer("attention.key_length_mla", o.nope + o.rope);
  integer("attention.value_length_mla", o.v);
  integer("rope.dimension_count", o.rope);
  number("rope.freq_base", kTheta);
  add(p + "rope.scaling.type", std::string("yarn"));
  number("rope.scaling.factor", o.rope_factor);
  integer("rope.scaling.original_context_length", o.original_positions);
  number("rope.scaling.yarn_beta_fast", 32.0);
  number("rope.scaling.yarn_beta_slow", 1.0);
  number("rope.scaling.yarn_log_multiplier", 0.1);
  integer("expert_count", o.experts);
  integer("expert_used_count", o.experts_per_token);
  integer("expert_shared_count", o.shared);
  integer("expert_feed_forward_length", o.expert_width);
  integer("expert_group_count", o.groups);
  integer("expert_group_used_count", o.groups_per_token);
  integer("leading_dense_block_count", o.dense_layers);
  number("expert_weights_scale", o.routed_scale);
  add(p + "expert_weights_norm", true);
  integer("vocab_size", o.vocabulary);
  if (!o.bare_keys) {
    integer("expert_gating_func", 1);  // softmax
    number("attention.temperature_scale", kQueryScaleBeta);
    integer("attention.temperature_length", o.original_positions);
  }
  add("tokenizer.ggml.model", std::string("none"));  // other engines refuse a file that does not say
  add("general.quantization_version", uint64_t{2});
  return out;
}

GgufMetadata mmproj_metadata(const SynthOptions& o) {
  GgufMetadata out;
  const auto add = [&out](const std::string& key, GgufValue::Scalar value) {
    out.entries.emplace_back(key, GgufValue{std::move(value)});
  };
  const auto integer = [&](const std::string& key, int64_t value) {
    add("clip.vision." + key, static_cast<uint64_t>(value));
  };
  const auto numbers = [&](const std::string& key, std::vector<double> values) {
    out.entries.emplace_back("clip.vision." + key, GgufValue{GgufValue::Array(std::move(values))});
  };
  add("general.architecture", std::string("clip"));
  add("general.type", std::string("mmproj"));
  add("general.name", std::string("Synthetic"));
  add("clip.has_vision_encoder", true);
  add("clip.projector_type", std::string("pixtral"));
  integer("projection_dim", o.hidden);
  integer("image_size", o.image_size);
  integer("patch_size", o.patch);
  integer("embedding_length", o.vision_hidden);
  integer("feed_forward_length", o.vision_width);
  integer("block_count", o.vision_layers);
  integer("attention.head_count", o.vision_heads);
  add("clip.vision.attention.layer_norm_epsilon", 1e-5);
  integer("spatial_merge_size", 2);
  numbers("image_mean", {0.48145466, 0.4578275, 0.40821073});
  numbers("image_std", {0.26862954, 0.26130258, 0.27577711});
  add("clip.use_silu", true);
  add("general.quantization_version", uint64_t{2});
  return out;
}

}  // namespace sirocco::synth
