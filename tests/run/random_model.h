// SPDX-License-Identifier: Apache-2.0
// A small model with random float32 weights in memory, for tests of the forward pass that need no file.
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "model/config.h"
#include "model/weights.h"

namespace sirocco {

class RandomModel {
 public:
  explicit RandomModel(uint32_t seed = 1) : random_(seed) {
    config.architecture = "mistral4";
    config.layers = 2;
    config.hidden = 40;
    config.vocabulary = 50;
    config.heads = 3;
    config.q_lora_rank = 17;
    config.kv_lora_rank = 24;
    config.rope_dim = 8;
    config.nope_dim = 12;
    config.v_head_dim = 20;
    config.rope = {.theta = 10000, .factor = 4, .original_max_positions = 64};
    config.query_scale = {.beta = 0.1, .original_max_positions = 64};
    config.experts = {.experts = 6, .experts_per_token = 2, .shared_experts = 1, .width = 28};
    config.attention.assign(2, AttentionKind::latent);
    config.feed_forward.assign(2, FeedForwardKind::experts);
    fill();
  }

  Config config;
  ModelWeights weights;

 private:
  WeightView matrix(int64_t rows, int64_t cols, float scale) {
    auto& values = storage_.emplace_back(static_cast<size_t>(rows * cols));
    std::normal_distribution<float> normal(0.0f, scale);
    for (float& value : values) value = normal(random_);
    return {.dtype = DType::f32,
            .rows = rows,
            .cols = cols,
            .data = reinterpret_cast<const std::byte*>(values.data()),
            .row_stride_bytes = cols * 4};
  }
  WeightView linear(int64_t rows, int64_t cols) {
    return matrix(rows, cols, 1.0f / std::sqrt(static_cast<float>(cols)));
  }
  WeightView norm(int64_t size) { return matrix(1, size, 1.0f); }
  FeedForwardWeights block(int64_t width) {
    return {linear(width, config.hidden), linear(width, config.hidden), linear(config.hidden, width)};
  }

  void fill() {
    const Config& c = config;
    const int64_t qk = c.nope_dim + c.rope_dim;
    weights.embedding = matrix(c.vocabulary, c.hidden, 1.0f);
    weights.head = linear(c.vocabulary, c.hidden);
    weights.final_norm = norm(c.hidden);
    for (int64_t l = 0; l < c.layers; ++l) {
      LayerWeights& layer = weights.layers.emplace_back();
      layer.attention_norm = norm(c.hidden);
      layer.feed_forward_norm = norm(c.hidden);
      layer.latent = {.q_a = linear(c.q_lora_rank, c.hidden),
                      .q_a_norm = norm(c.q_lora_rank),
                      .q_b = linear(c.heads * qk, c.q_lora_rank),
                      .kv_a = linear(c.cache_row(), c.hidden),
                      .kv_a_norm = norm(c.kv_lora_rank),
                      .kv_b = linear(c.heads * (c.nope_dim + c.v_head_dim), c.kv_lora_rank),
                      .k_b = {},
                      .v_b = {},
                      .o = linear(c.hidden, c.heads * c.v_head_dim)};
      layer.router = linear(c.experts.experts, c.hidden);
      for (int64_t e = 0; e < c.experts.experts; ++e) layer.experts.push_back(block(c.experts.width));
      layer.shared = block(c.experts.width * c.experts.shared_experts);
    }
  }

  std::mt19937 random_;
  std::deque<std::vector<float>> storage_;  // a deque: growing it moves no vector
};

}  // namespace sirocco
