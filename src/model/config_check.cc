// SPDX-License-Identifier: Apache-2.0
#include "model/config_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/config_fields.h"

namespace sirocco {
namespace {

// Reasons a configuration cannot be; "" when it can.
std::string rope_fault(const Config& c) {
  const RopeConfig& rope = c.rope;
  if (rope.factor > 1.0 && rope.original_max_positions < 1)
    return fmt::format("yarn: original_max_position_embeddings is {}, expected at least 1",
                       rope.original_max_positions);
  if (rope.factor > 1.0 && rope.beta_fast <= rope.beta_slow)
    return fmt::format("yarn: beta_fast {} is not above beta_slow {}", rope.beta_fast, rope.beta_slow);
  return "";
}

std::string latent_fault(const Config& c) {
  if (c.rope_dim % 2 != 0) return fmt::format("rope dimension {} is odd", c.rope_dim);
  if (c.kv_heads != c.heads && c.kv_heads != 1)
    return fmt::format("{} key/value heads with latent attention, expected {} (or 1)", c.kv_heads, c.heads);
  return "";
}

std::string grouped_fault(const Config& c) {
  if (c.kv_heads < 1 || c.heads % c.kv_heads != 0)
    return fmt::format("{} heads do not divide among {} key/value heads", c.heads, c.kv_heads);
  if (c.head_dim < 2 || c.head_dim > kMaxHeadDim)  // where hidden / heads stands in for it
    return fmt::format("head dimension {}, expected a number from 2 to {}", c.head_dim, kMaxHeadDim);
  if (c.head_dim % 2 != 0) return fmt::format("head dimension {} is odd", c.head_dim);
  return "";
}

std::string experts_fault(const Config& c) {
  const ExpertsConfig& e = c.experts;
  if (e.experts % e.groups != 0)
    return fmt::format("{} experts do not divide into {} groups", e.experts, e.groups);
  if (e.groups_per_token > e.groups)
    return fmt::format("{} groups a token, but there are {}", e.groups_per_token, e.groups);
  if (e.experts_per_token > e.experts / e.groups * e.groups_per_token)
    return fmt::format("{} experts a token, expected at most {}", e.experts_per_token,
                       e.experts / e.groups * e.groups_per_token);
  if (e.groups > 1 && e.experts / e.groups < 2)
    return fmt::format("{} experts in {} groups, expected at least 2 a group", e.experts, e.groups);
  return "";
}

bool any(const std::vector<AttentionKind>& kinds, AttentionKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

}  // namespace

std::string vision_fault(const VisionConfig& v) {
  if (v.hidden % v.heads != 0)
    return fmt::format("vision: width {} does not divide by {} heads", v.hidden, v.heads);
  if (v.hidden / v.heads % 4 != 0)
    return fmt::format("vision: head dimension {} does not divide by 4 (rotary rows and columns)",
                       v.hidden / v.heads);
  if (v.patch * v.merge > v.image_size)
    return fmt::format("vision: {} merged patches of {} do not fit an image of {}", v.merge, v.patch,
                       v.image_size);
  return "";
}

Result<Config> check_config(Config config, const std::string& where) {
  std::string fault = rope_fault(config);
  if (fault.empty() && any(config.attention, AttentionKind::latent)) fault = latent_fault(config);
  if (fault.empty() && any(config.attention, AttentionKind::grouped)) fault = grouped_fault(config);
  if (fault.empty() && config.experts.experts > 0) fault = experts_fault(config);
  const bool dense = std::find(config.feed_forward.begin(), config.feed_forward.end(),
                               FeedForwardKind::dense) != config.feed_forward.end();
  if (fault.empty() && dense && config.dense_width < 1)
    fault = "dense layers, but no width for their feed-forward (hidden_dim, intermediate_size)";
  if (fault.empty() && config.vision) fault = vision_fault(*config.vision);
  if (!fault.empty()) return bad_input(fmt::format("{}: {}", where, fault));
  return config;
}

void set_layer_kinds(Config& config, int64_t leading_dense) {
  const auto layers = static_cast<size_t>(config.layers);
  const auto kind = config.kv_lora_rank > 0 ? AttentionKind::latent : AttentionKind::grouped;
  config.attention.assign(layers, kind);
  const auto tail = config.experts.experts > 0 ? FeedForwardKind::experts : FeedForwardKind::dense;
  config.feed_forward.assign(layers, tail);
  std::fill_n(config.feed_forward.begin(), std::min(leading_dense, config.layers), FeedForwardKind::dense);
}

double yarn_magnitude(double factor, double mscale) {
  return factor > 1.0 ? 0.1 * mscale * std::log(factor) + 1.0 : 1.0;
}

}  // namespace sirocco
