// SPDX-License-Identifier: Apache-2.0
// GGUF keys (docs/formats/gguf.md, "This model's keys and tensors"). Architecture mistral4 is taken as it is;
// deepseek2 only when it is this model. Keys that converters leave out get this architecture's values.
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/printable.h"
#include "model/bind.h"
#include "model/config_check.h"
#include "model/config_fields.h"
#include "model/gguf_fields.h"

namespace sirocco {
namespace {

constexpr int64_t kGatingSoftmax = 1;  // expert_gating_func; 0 = none stated, 2 = sigmoid

// "" when a deepseek2 file is this model: Tekken vocabulary (or, without any vocabulary, the query scale that
// DeepSeek's models lack), latent attention with a query rank, softmax gating. Else the reason.
std::string not_this_model(const GgufMetadata& metadata) {
  const std::string* pre = metadata.text("tokenizer.ggml.pre");
  const bool no_vocabulary = metadata.find("tokenizer.ggml.tokens") == nullptr;
  if (pre != nullptr && *pre != "tekken") return fmt::format("its tokenizer is '{}'", printable(*pre, 40));
  if (pre == nullptr && !(no_vocabulary && metadata.find("deepseek2.attention.temperature_scale") != nullptr))
    return "its tokenizer is not stated";
  for (const char* key : {"attention.q_lora_rank", "attention.kv_lora_rank", "expert_count"})
    if (metadata.find(fmt::format("deepseek2.{}", key)) == nullptr) return fmt::format("it has no {}", key);
  const int64_t gating = metadata.integer("deepseek2.expert_gating_func").value_or(kGatingSoftmax);
  if (gating != kGatingSoftmax && gating != 0) return fmt::format("its expert_gating_func is {}", gating);
  return "";
}

void read_attention(GgufFields& keys, Config& config) {
  config.heads = keys.integer("attention.head_count", 1, kMaxHeads);
  config.kv_heads = config.heads;  // head_count_kv is 1: the file describes the absorbed form
  config.kv_lora_rank = keys.integer("attention.kv_lora_rank", 1, kMaxWidth);
  config.q_lora_rank = keys.integer("attention.q_lora_rank", 0, kMaxWidth, 0);
  config.rope_dim = keys.integer("rope.dimension_count", 2, kMaxHeadDim);
  // The _mla keys hold the expanded widths; older files have only key_length and value_length, then expanded.
  const bool absorbed = keys.has("attention.key_length_mla");
  config.head_dim =
      keys.integer(absorbed ? "attention.key_length_mla" : "attention.key_length", 1, 2 * kMaxHeadDim);
  config.v_head_dim =
      keys.integer(absorbed ? "attention.value_length_mla" : "attention.value_length", 1, kMaxHeadDim);
  config.nope_dim = config.head_dim - config.rope_dim;
  if (config.nope_dim < 1)
    keys.refuse("rope.dimension_count",
                fmt::format("{}, expected less than the key length {}", config.rope_dim, config.head_dim));
}

void read_rope(GgufFields& keys, const GgufMetadata& metadata, const std::string& architecture,
               Config& config) {
  RopeConfig& rope = config.rope;
  rope.theta = keys.number("rope.freq_base", 1.0, 1e15, 10000.0);
  const std::string* type = metadata.text(architecture + ".rope.scaling.type");
  if (type != nullptr && *type != "yarn" && *type != "none")
    keys.refuse("rope.scaling.type", fmt::format("'{}', expected yarn or none", printable(*type, 40)),
                ErrorKind::unsupported);
  if (type != nullptr && *type == "yarn") {
    rope.factor = keys.number("rope.scaling.factor", 1.0, 1e6, 1.0);
    rope.original_max_positions = keys.integer("rope.scaling.original_context_length", 1, kMaxPositions);
    rope.beta_fast = keys.number("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32.0);
    rope.beta_slow = keys.number("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1.0);
    rope.mscale_all_dim = 10.0 * keys.number("rope.scaling.yarn_log_multiplier", 0.0, 100.0, 0.1);
    rope.mscale = rope.mscale_all_dim;  // cos and sin keep their size: attention_factor stays 1
  }
  config.query_scale.beta = keys.number("attention.temperature_scale", 0.0, 1e3, 0.1);
  const int64_t original = rope.original_max_positions > 0 ? rope.original_max_positions : 8192;
  config.query_scale.original_max_positions =
      keys.integer("attention.temperature_length", 1, kMaxPositions, original);
}

void read_experts(GgufFields& keys, Config& config) {
  ExpertsConfig& experts = config.experts;
  experts.experts = keys.integer("expert_count", 1, kMaxExperts);
  experts.experts_per_token = keys.integer("expert_used_count", 1, kMaxExperts);
  experts.shared_experts = keys.integer("expert_shared_count", 0, 64, 0);
  experts.width = keys.integer("expert_feed_forward_length", 1, kMaxWidth);
  experts.groups = keys.integer("expert_group_count", 1, kMaxExperts, 1);
  experts.groups_per_token = keys.integer("expert_group_used_count", 1, kMaxExperts, 1);
  experts.routed_scale = keys.number("expert_weights_scale", 1e-6, 1e6, 1.0);
  experts.normalise = keys.boolean("expert_weights_norm", true);
  const int64_t gating = keys.integer("expert_gating_func", 0, 255, kGatingSoftmax);
  if (gating != kGatingSoftmax && gating != 0)
    keys.refuse("expert_gating_func", fmt::format("{}, expected 1 (softmax)", gating),
                ErrorKind::unsupported);
}

// The vocabulary's size: its key, or the number of tokens; 0 when the file has neither.
int64_t vocabulary_size(GgufFields& keys, const GgufMetadata& metadata) {
  const auto* tokens = metadata.texts("tokenizer.ggml.tokens");
  return keys.integer("vocab_size", 1, kMaxVocabulary,
                      tokens == nullptr ? 0 : static_cast<int64_t>(tokens->size()));
}

}  // namespace

Result<Config> parse_gguf_config(const GgufMetadata& metadata, const std::string& where) {
  const std::string* architecture = metadata.text("general.architecture");
  if (architecture == nullptr) return bad_input(fmt::format("{}: general.architecture is missing", where));
  if (*architecture != "mistral4" && *architecture != "deepseek2")
    return fail(ErrorKind::unsupported,
                fmt::format("{}: general.architecture is '{}', expected mistral4 (or deepseek2)", where,
                            printable(*architecture, 40)));
  if (*architecture == "deepseek2")
    if (const std::string reason = not_this_model(metadata); !reason.empty())
      return fail(ErrorKind::unsupported,
                  fmt::format("{}: a deepseek2 file that is not Mistral Small 4: {}", where, reason));

  GgufFields keys(metadata, *architecture, where);
  Config config;
  config.architecture = *architecture;
  config.stored_dtype = "";  // what holds most weights: read_config fills it
  config.layers = keys.integer("block_count", 1, kMaxLayers);
  config.hidden = keys.integer("embedding_length", 1, kMaxHidden);
  config.vocabulary = vocabulary_size(keys, metadata);
  config.dense_width = keys.integer("feed_forward_length", 0, kMaxWidth, 0);
  config.norm_eps = keys.number("attention.layer_norm_rms_epsilon", 1e-12, 1e-1, 1e-6);
  config.max_position_embeddings = keys.integer("context_length", 1, kMaxPositions);
  read_attention(keys, config);
  read_rope(keys, metadata, *architecture, config);
  read_experts(keys, config);
  const int64_t leading_dense = keys.integer("leading_dense_block_count", 0, kMaxLayers, 0);
  if (keys.error()) return tl::unexpected<Error>(*keys.error());
  set_layer_kinds(config, leading_dense);
  return check_config(std::move(config), where);
}

}  // namespace sirocco
