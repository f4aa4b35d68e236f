// SPDX-License-Identifier: Apache-2.0
// A small model with random float32 weights in memory, for tests of the forward pass that need no file.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "tensor/float_bits.h"

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
    finish();
  }

  // Shapes that every packed kernel of `dtype` (q8_0 or bf16) takes, with all products in that type.
  RandomModel(DType dtype, uint32_t seed, int64_t expert_width = 96) : random_(seed), dtype_(dtype) {
    config.architecture = "mistral4";
    config.layers = 2;
    config.hidden = 288;  // no multiple of 256
    config.vocabulary = 90;
    config.heads = 19;  // more than the lanes of one group, and not all of two
    config.q_lora_rank = 64;
    config.kv_lora_rank = 64;
    config.rope_dim = 8;
    config.nope_dim = 32;
    config.v_head_dim = 32;
    config.rope = {.theta = 10000, .factor = 4, .original_max_positions = 64};
    config.query_scale = {.beta = 0.1, .original_max_positions = 64};
    config.experts = {.experts = 6, .experts_per_token = 2, .shared_experts = 1, .width = expert_width};
    finish();
  }

  Config config;
  ModelWeights weights;

 private:
  void finish() {
    config.attention.assign(2, AttentionKind::latent);
    config.feed_forward.assign(2, FeedForwardKind::experts);
    fill();
  }

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
    const WeightView wide = matrix(rows, cols, 1.0f / std::sqrt(static_cast<float>(cols)));
    return dtype_ == DType::f32 ? wide : narrow(wide);
  }
  WeightView narrow(const WeightView& wide) {
    const auto* values = reinterpret_cast<const float*>(wide.data);
    auto& bytes = narrow_.emplace_back(static_cast<size_t>(wide.rows * row_bytes(dtype_, wide.cols)));
    for (int64_t i = 0; i < wide.rows * wide.cols; ++i) {
      if (dtype_ == DType::bf16) {
        const uint16_t code = bf16_from_f32(values[i]);
        std::memcpy(bytes.data() + 2 * i, &code, 2);
        continue;
      }
      std::byte* block = bytes.data() + i / 32 * 34;
      const uint16_t d = f16_from_f32(4.0f / 127.0f / std::sqrt(static_cast<float>(wide.cols)));
      const float code = std::nearbyint(values[i] / f32_from_f16(d));
      std::memcpy(block, &d, 2);
      block[2 + i % 32] = static_cast<std::byte>(static_cast<int8_t>(std::clamp(code, -127.0f, 127.0f)));
    }
    WeightView view = wide;
    view.dtype = dtype_;
    view.data = bytes.data();
    view.row_stride_bytes = row_bytes(dtype_, wide.cols);
    return view;
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
  DType dtype_ = DType::f32;  // of the products
  std::deque<std::vector<std::byte>> narrow_;
  std::deque<std::vector<float>> storage_;  // a deque: growing it moves no vector
};

}  // namespace sirocco
