// SPDX-License-Identifier: Apache-2.0
// Config: one description of a model, read from params.json, config.json or GGUF keys. Dimensions come from
// here and never from constants; attention and feed-forward kinds are data, so that the dense grouped-query
// ancestors are configurations and not forks. Letters used in shape comments across the project:
//   T tokens   D hidden   H heads   Q q_lora_rank   C kv_lora_rank (latent)   R rope   N nope   V v_head_dim
//   E experts  K experts per token   F expert width   L layers   W vocabulary
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sirocco {

enum class AttentionKind { latent, grouped };    // MLA | multi-head with grouped keys and values
enum class FeedForwardKind { experts, dense };

// YaRN (arXiv:2309.00071) as transformers' modeling_rope_utils forms it. factor 1 = plain RoPE.
struct RopeConfig {
  double theta = 10000.0;
  double factor = 1.0;
  int64_t original_max_positions = 0;
  double beta_fast = 32.0;
  double beta_slow = 1.0;
  double mscale = 1.0;          // with mscale_all_dim: only --attention-scale mscale reads them
  double mscale_all_dim = 1.0;
  double attention_factor = 1.0;  // multiplies cos and sin
};

// g(pos) = 1 + beta · ln(1 + floor(pos / original_max_positions)); multiplies the query after RoPE.
struct QueryScaleConfig {
  double beta = 0.0;  // 0: absent
  int64_t original_max_positions = 8192;
};

struct ExpertsConfig {
  int64_t experts = 0;             // E
  int64_t experts_per_token = 0;   // K
  int64_t shared_experts = 0;      // fused into one feed-forward of width shared_experts * width
  int64_t width = 0;               // F
  int64_t groups = 1;
  int64_t groups_per_token = 1;
  double routed_scale = 1.0;
  bool normalise = true;           // p / (Σ p + 1e-20)
};

struct VisionConfig {  // Pixtral
  int64_t hidden = 0, layers = 0, heads = 0, width = 0, channels = 3;
  int64_t patch = 14, image_size = 1540, merge = 2;
  double rope_theta = 10000.0;
  int64_t image_token = 10, break_token = 12, end_token = 13;
  bool adapter_bias = false;
};

struct Config {
  std::string architecture;  // "mistral4", …: printed by inspect
  std::string stored_dtype;  // "bf16", "fp8", "nvfp4", "q4_k": the type that holds most weights, for printing

  int64_t layers = 0;       // L
  int64_t hidden = 0;       // D
  int64_t vocabulary = 0;   // W
  int64_t heads = 0;        // H
  int64_t kv_heads = 0;     // grouped attention
  int64_t head_dim = 0;     // grouped attention; N + R for latent attention
  int64_t q_lora_rank = 0;  // Q; 0: queries come from the hidden state directly
  int64_t kv_lora_rank = 0; // C
  int64_t rope_dim = 0;     // R
  int64_t nope_dim = 0;     // N
  int64_t v_head_dim = 0;   // V
  int64_t dense_width = 0;  // of dense feed-forward layers
  double norm_eps = 1e-6;
  bool tied_embeddings = false;
  bool rope_interleaved = true;
  int64_t max_position_embeddings = 0;
  int64_t sliding_window = 0;  // 0: none

  RopeConfig rope;
  QueryScaleConfig query_scale;
  ExpertsConfig experts;
  std::optional<VisionConfig> vision;

  std::vector<AttentionKind> attention;       // [L]
  std::vector<FeedForwardKind> feed_forward;  // [L]

  int64_t cache_row() const { return kv_lora_rank + rope_dim; }  // numbers a token and latent layer: C + R
};

}  // namespace sirocco
