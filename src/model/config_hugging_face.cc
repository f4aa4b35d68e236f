// SPDX-License-Identifier: Apache-2.0
// config.json (docs/formats/hugging-face.md): text models (mistral4, mistral, ministral3) and the mistral3
// wrapper that puts one of them under text_config beside a Pixtral vision_config.
#include <fmt/format.h>

#include <utility>

#include "base/printable.h"
#include "model/bind.h"
#include "model/config_check.h"
#include "model/config_fields.h"

namespace sirocco {
namespace {

// Other activations would need other kernels. Where the field is absent the published models' is meant: the class that
// reads vision_config has another default, which no checkpoint of them relies on.
void check_activation(ConfigFields& fields, const char* key, std::string_view expected) {
  const std::string activation = fields.text(key, expected);
  if (activation != expected)
    fields.refuse(key, fmt::format("'{}', expected {}", printable(activation, 40), expected),
                  ErrorKind::unsupported);
}

void read_latent_attention(ConfigFields& text, Config& config) {
  config.kv_lora_rank = text.integer("kv_lora_rank", 1, kMaxWidth);
  config.q_lora_rank = text.integer("q_lora_rank", 0, kMaxWidth, 0);
  config.nope_dim = text.integer("qk_nope_head_dim", 1, kMaxHeadDim);
  config.rope_dim = text.integer("qk_rope_head_dim", 2, kMaxHeadDim);
  config.v_head_dim = text.integer("v_head_dim", 1, kMaxHeadDim);
  config.head_dim = config.nope_dim + config.rope_dim;
  config.rope_interleaved = text.boolean("rope_interleave", true);
}

void read_grouped_attention(ConfigFields& text, Config& config) {
  config.head_dim = text.integer("head_dim", 2, kMaxHeadDim, config.hidden / config.heads);
  config.rope_dim = config.v_head_dim = config.head_dim;
  config.rope_interleaved = false;  // the conversion regroups the rows of q and k into halves
}

int64_t read_experts(ConfigFields& text, Config& config) {
  ExpertsConfig& experts = config.experts;
  experts.experts = text.integer("n_routed_experts", 1, kMaxExperts);
  experts.experts_per_token = text.integer("num_experts_per_tok", 1, kMaxExperts);
  experts.shared_experts = text.integer("n_shared_experts", 0, 64, 0);
  experts.width = text.integer("moe_intermediate_size", 1, kMaxWidth);
  experts.groups = text.integer("n_group", 1, kMaxExperts, 1);
  experts.groups_per_token = text.integer("topk_group", 1, kMaxExperts, 1);
  experts.routed_scale = text.number("routed_scaling_factor", 1e-6, 1e6, 1.0);
  experts.normalise = text.boolean("norm_topk_prob", true);
  return text.integer("first_k_dense_replace", 0, kMaxLayers, 0);
}

// attention_factor as transformers' modeling_rope_utils infers it when it is not given.
double inferred_attention_factor(ConfigFields& rope, double factor) {
  const double mscale = rope.number("mscale", 0.0, 1e3, 0.0);
  const double all_dim = rope.number("mscale_all_dim", 0.0, 1e3, 0.0);
  if (mscale != 0.0 && all_dim != 0.0)
    return yarn_magnitude(factor, mscale) / yarn_magnitude(factor, all_dim);
  return yarn_magnitude(factor, 1.0);
}

void read_rope_parameters(ConfigFields& parameters, const char* name, Config& config) {
  RopeConfig& rope = config.rope;
  rope.theta = parameters.number("rope_theta", 1.0, 1e15, rope.theta);
  const std::string type = parameters.text("rope_type", parameters.text("type", "default"));
  if (parameters.has("llama_4_scaling_beta")) {
    config.query_scale.beta = parameters.number("llama_4_scaling_beta", 0.0, 1e3);
    config.query_scale.original_max_positions =
        parameters.integer("original_max_position_embeddings", 1, kMaxPositions, 8192);
  }
  if (type == "default") return;
  if (type != "yarn") {
    parameters.refuse("rope_type",
                      fmt::format("'{}' in {}, expected default or yarn", printable(type, 40), name),
                      ErrorKind::unsupported);
    return;
  }
  rope.factor = parameters.number("factor", 1.0, 1e6);
  rope.original_max_positions = parameters.integer("original_max_position_embeddings", 1, kMaxPositions);
  rope.beta_fast = parameters.number("beta_fast", 1e-3, 1e6, 32.0);
  rope.beta_slow = parameters.number("beta_slow", 1e-3, 1e6, 1.0);
  rope.mscale = parameters.number("mscale", 0.0, 1e3, 1.0);
  rope.mscale_all_dim = parameters.number("mscale_all_dim", 0.0, 1e3, 1.0);
  rope.attention_factor =
      parameters.number("attention_factor", 1e-3, 1e3, inferred_attention_factor(parameters, rope.factor));
}

// A mistral4 text_config may leave its rope out: these are the published model's values, which are the
// defaults of the class that reads it (transformers 5.8.1, Mistral4Config).
void set_default_mistral4_rope(Config& config) {
  config.rope.factor = 128.0;
  config.rope.original_max_positions = 8192;
  config.query_scale.beta = 0.1;
  config.query_scale.original_max_positions = 8192;
}

void read_rope(ConfigFields& text, bool latent, Config& config) {
  config.rope.theta = text.number("rope_theta", 1.0, 1e15, 10000.0);
  for (const char* name : {"rope_parameters", "rope_scaling"}) {
    auto parameters = text.object(name);
    if (!parameters) continue;
    read_rope_parameters(*parameters, name, config);
    if (latent && !parameters->has("llama_4_scaling_beta")) {
      config.query_scale.beta = 0.1;
      if (config.rope.original_max_positions > 0)
        config.query_scale.original_max_positions = config.rope.original_max_positions;
    }
    return;
  }
  if (latent) set_default_mistral4_rope(config);
}

void read_vision(ConfigFields& outer, Config& config) {
  auto encoder = outer.object("vision_config");
  if (!encoder) return;
  const std::string type = encoder->text("model_type", "pixtral");
  if (type != "pixtral")
    encoder->refuse("model_type", fmt::format("'{}', expected pixtral", printable(type, 40)),
                    ErrorKind::unsupported);
  check_activation(*encoder, "hidden_act", "silu");
  check_activation(outer, "projector_hidden_act", "gelu");
  VisionConfig v;
  v.hidden = encoder->integer("hidden_size", 1, kMaxHidden, 1024);
  v.layers = encoder->integer("num_hidden_layers", 1, kMaxLayers, 24);
  v.heads = encoder->integer("num_attention_heads", 1, kMaxHeads, 16);
  v.width = encoder->integer("intermediate_size", 1, kMaxWidth, 4096);
  v.channels = encoder->integer("num_channels", 1, 16, 3);
  v.patch = encoder->integer("patch_size", 1, 1024, 14);
  v.image_size = encoder->integer("image_size", 1, 1 << 16, 1540);
  v.rope_theta = encoder->number("rope_theta", 1.0, 1e15, 10000.0);
  if (auto rope = encoder->object("rope_parameters"))
    v.rope_theta = rope->number("rope_theta", 1.0, 1e15, v.rope_theta);
  v.merge = outer.integer("spatial_merge_size", 1, 64, 2);
  v.image_token = outer.integer("image_token_id", 0, kMaxVocabulary,
                                outer.integer("image_token_index", 0, kMaxVocabulary, 10));
  v.adapter_bias = outer.boolean("multimodal_projector_bias", false);
  if (outer.has("vision_feature_layer") &&
      outer.integer("vision_feature_layer", -kMaxLayers, kMaxLayers, -1) != -1)
    outer.refuse("vision_feature_layer", "only -1 (the last layer) is supported", ErrorKind::unsupported);
  config.vision = v;
}

std::string declared_dtype(ConfigFields& outer, ConfigFields& text) {
  for (ConfigFields* fields : {&outer, &text})
    if (auto quantization = fields->object("quantization_config")) {
      const std::string method = quantization->text("quant_method", "");
      if (method == "fp8") return "fp8";
      const std::string format = quantization->text("format", method);
      return format.starts_with("nvfp4") ? "nvfp4" : format;
    }
  for (ConfigFields* fields : {&text, &outer})
    for (const char* key : {"dtype", "torch_dtype"}) {
      const std::string name = fields->text(key, "");
      if (name == "float32") return "f32";
      if (name == "float16") return "f16";
      if (name == "bfloat16") return "bf16";
    }
  return "bf16";
}

Result<Config> parse_text(ConfigFields& outer, ConfigFields& text, const std::string& type,
                          const std::string& where) {
  const bool latent = type == "mistral4";
  Config config;
  config.architecture = type;
  config.layers = text.integer("num_hidden_layers", 1, kMaxLayers);
  config.hidden = text.integer("hidden_size", 1, kMaxHidden);
  config.vocabulary = text.integer("vocab_size", 1, kMaxVocabulary);
  config.heads = text.integer("num_attention_heads", 1, kMaxHeads);
  config.kv_heads = text.integer("num_key_value_heads", 1, kMaxHeads, config.heads);
  config.dense_width = text.integer("intermediate_size", 1, kMaxWidth, 0);
  config.norm_eps = text.number("rms_norm_eps", 1e-12, 1e-1, latent ? 1e-6 : 1e-5);
  config.max_position_embeddings = text.integer("max_position_embeddings", 1, kMaxPositions);
  config.sliding_window = text.integer("sliding_window", 1, kMaxPositions, 0);
  // The wrapper's flag is ignored: its class default (true) contradicts every published checkpoint.
  config.tied_embeddings = text.boolean("tie_word_embeddings", false);
  check_activation(text, "hidden_act", "silu");
  for (const char* key : {"attention_bias", "mlp_bias"})
    if (text.boolean(key, false)) text.refuse(key, "true, expected false", ErrorKind::unsupported);
  latent ? read_latent_attention(text, config) : read_grouped_attention(text, config);
  read_rope(text, latent, config);
  const int64_t leading_dense = latent ? read_experts(text, config) : config.layers;
  read_vision(outer, config);
  config.stored_dtype = declared_dtype(outer, text);
  if (outer.error()) return tl::unexpected<Error>(*outer.error());
  set_layer_kinds(config, leading_dense);
  return check_config(std::move(config), where);
}

}  // namespace

Result<Config> parse_hugging_face_config(const Json& json, const std::string& where) {
  ConfigFields outer(json, where);
  std::string type = outer.text("model_type", "");
  if (type == "mistral4" || type == "mistral" || type == "ministral3")
    return parse_text(outer, outer, type, where);
  if (type != "mistral3") {
    outer.refuse("model_type",
                 fmt::format("'{}', expected mistral3, mistral4, mistral or ministral3", printable(type, 40)),
                 ErrorKind::unsupported);
    return tl::unexpected<Error>(*outer.error());
  }
  auto text = outer.object("text_config");
  if (!text) {
    outer.refuse("text_config", "is missing, expected an object");
    return tl::unexpected<Error>(*outer.error());
  }
  type = text->text("model_type", "mistral");
  if (type != "mistral4" && type != "mistral" && type != "ministral3")
    text->refuse("model_type",
                 fmt::format("'{}', expected mistral4, mistral or ministral3", printable(type, 40)),
                 ErrorKind::unsupported);
  if (outer.error()) return tl::unexpected<Error>(*outer.error());
  return parse_text(outer, *text, type, where);
}

}  // namespace sirocco
