// SPDX-License-Identifier: Apache-2.0
// params.json (docs/formats/native.md). Without `kv_lora_rank` attention is grouped, without `moe` every
// layer is dense: the ancestors need nothing else.
#include <algorithm>
#include <utility>

#include "model/bind.h"
#include "model/config_check.h"
#include "model/config_fields.h"

namespace sirocco {
namespace {

void read_attention(ConfigFields& params, Config& config) {
  config.heads = params.integer("n_heads", 1, kMaxHeads);
  config.kv_heads = params.integer("n_kv_heads", 1, kMaxHeads, config.heads);
  if (params.has("kv_lora_rank")) {
    config.kv_lora_rank = params.integer("kv_lora_rank", 1, kMaxWidth);
    config.q_lora_rank = params.integer("q_lora_rank", 0, kMaxWidth, 0);
    config.nope_dim = params.integer("qk_nope_head_dim", 1, kMaxHeadDim);
    config.rope_dim = params.integer("qk_rope_head_dim", 2, kMaxHeadDim);
    config.v_head_dim = params.integer("v_head_dim", 1, kMaxHeadDim);
    config.head_dim = config.nope_dim + config.rope_dim;
  } else {
    config.head_dim = params.integer("head_dim", 2, kMaxHeadDim, config.hidden / config.heads);
    config.rope_dim = config.v_head_dim = config.head_dim;
  }
}

void read_rope(ConfigFields& params, Config& config) {
  RopeConfig& rope = config.rope;
  rope.theta = params.number("rope_theta", 1.0, 1e15, 10000.0);
  if (auto yarn = params.object("yarn")) {
    rope.factor = yarn->number("factor", 1.0, 1e6);
    rope.original_max_positions = yarn->integer("original_max_position_embeddings", 1, kMaxPositions);
    rope.beta_fast = yarn->number("beta", 1e-3, 1e6, 32.0);
    rope.beta_slow = yarn->number("alpha", 1e-3, 1e6, 1.0);
    // apply_scale false is what config.json spells mscale = mscale_all_dim = 1: their quotient, 1.
    if (yarn->boolean("apply_scale", false)) rope.attention_factor = yarn_magnitude(rope.factor, 1.0);
  }
  if (auto scaling = params.object("llama_4_scaling")) {
    config.query_scale.beta = scaling->number("beta", 0.0, 1e3);
    config.query_scale.original_max_positions =
        scaling->integer("original_max_position_embeddings", 1, kMaxPositions);
  }
}

int64_t read_experts(ConfigFields& params, Config& config) {
  auto moe = params.object("moe");
  if (!moe) return config.layers;
  ExpertsConfig& experts = config.experts;
  experts.experts = moe->integer("num_experts", 1, kMaxExperts);
  experts.experts_per_token = moe->integer("num_experts_per_tok", 1, kMaxExperts);
  experts.shared_experts = moe->integer("num_shared_experts", 0, 64, 0);
  experts.width = moe->integer("expert_hidden_dim", 1, kMaxWidth, config.dense_width);
  experts.groups = moe->integer("num_expert_groups", 1, kMaxExperts, 1);
  experts.groups_per_token = moe->integer("num_expert_groups_per_tok", 1, kMaxExperts, 1);
  experts.routed_scale = moe->number("routed_scale", 1e-6, 1e6, 1.0);
  if (moe->integer("route_every_n", 1, kMaxLayers, 1) != 1)
    moe->refuse("route_every_n", "only 1 (experts in every layer) is supported", ErrorKind::unsupported);
  return moe->integer("first_k_dense_replace", 0, kMaxLayers, 0);
}

void read_vision(ConfigFields& params, Config& config) {
  auto encoder = params.object("vision_encoder");
  if (!encoder) return;
  VisionConfig v;
  v.hidden = encoder->integer("hidden_size", 1, kMaxHidden);
  v.layers = encoder->integer("num_hidden_layers", 1, kMaxLayers);
  v.heads = encoder->integer("num_attention_heads", 1, kMaxHeads);
  v.width = encoder->integer("intermediate_size", 1, kMaxWidth);
  v.channels = encoder->integer("num_channels", 1, 16, 3);
  v.patch = encoder->integer("patch_size", 1, 1024);
  v.image_size =
      encoder->integer("max_image_size", 1, 1 << 16, encoder->integer("image_size", 1, 1 << 16, 1540));
  v.merge = encoder->integer("spatial_merge_size", 1, 64, 1);
  v.rope_theta = encoder->number("rope_theta", 1.0, 1e15, 10000.0);
  v.image_token = encoder->integer("image_token_id", 0, kMaxVocabulary, 10);
  v.break_token = encoder->integer("image_break_token_id", 0, kMaxVocabulary, 12);
  v.end_token = encoder->integer("image_end_token_id", 0, kMaxVocabulary, 13);
  v.adapter_bias = encoder->boolean("adapter_bias", false);
  config.vision = v;
}

std::string declared_dtype(ConfigFields& params) {
  if (auto quantization = params.object("quantization"))
    if (quantization->text("qformat_weight", "") == "fp8_e4m3") return "fp8";
  if (auto quantization = params.object("quantization_config")) {
    const std::string format = quantization->text("format", "");
    if (format.starts_with("nvfp4")) return "nvfp4";
    if (!format.empty()) return format;
  }
  return "bf16";
}

}  // namespace

Result<Config> parse_native_config(const Json& params_json, const std::string& where) {
  ConfigFields params(params_json, where);
  Config config;
  config.layers = params.integer("n_layers", 1, kMaxLayers);
  config.hidden = params.integer("dim", 1, kMaxHidden);
  config.vocabulary = params.integer("vocab_size", 1, kMaxVocabulary);
  config.dense_width = params.integer("hidden_dim", 1, kMaxWidth, 0);
  config.norm_eps = params.number("norm_eps", 1e-12, 1e-1);
  config.tied_embeddings = params.boolean("tied_embeddings", false);
  config.sliding_window = params.integer("sliding_window", 1, kMaxPositions, 0);
  read_attention(params, config);
  read_rope(params, config);
  const int64_t leading_dense = read_experts(params, config);
  read_vision(params, config);
  const auto yarn_positions = static_cast<int64_t>(
      std::min(config.rope.factor * static_cast<double>(config.rope.original_max_positions),
               static_cast<double>(kMaxPositions)));
  config.max_position_embeddings = params.integer(
      "max_position_embeddings", 1, kMaxPositions,
      params.integer("max_seq_len", 1, kMaxPositions, yarn_positions > 0 ? yarn_positions : 32768));
  config.architecture = config.kv_lora_rank > 0 ? "mistral4" : "mistral";
  config.stored_dtype = declared_dtype(params);
  if (params.error()) return tl::unexpected<Error>(*params.error());
  set_layer_kinds(config, leading_dense);
  return check_config(std::move(config), where);
}

}  // namespace sirocco
