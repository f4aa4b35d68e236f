// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/workspace.h"

#include <algorithm>

namespace sirocco {

Workspace::Workspace(const Config& config, int64_t most_tokens) : max_tokens(most_tokens) {
  const int64_t T = max_tokens, D = config.hidden, H = config.heads;
  const ExpertsConfig& experts = config.experts;
  const int64_t pairs = T * (experts.experts_per_token + 1);
  const int64_t width =
      std::max(experts.width * std::max<int64_t>(1, experts.shared_experts), config.dense_width);
  x = AlignedBuffer<float>(T * D);
  normed = AlignedBuffer<float>(T * D);
  q_lora = AlignedBuffer<float>(T * config.q_lora_rank);
  queries = AlignedBuffer<float>(T * H * (config.nope_dim + config.rope_dim));
  latents = AlignedBuffer<float>(T * config.cache_row());
  attended = AlignedBuffer<float>(T * H * config.v_head_dim);
  projected = AlignedBuffer<float>(T * D);
  cos = AlignedBuffer<float>(T * config.rope_dim / 2);
  sin = AlignedBuffer<float>(T * config.rope_dim / 2);
  query_scale = AlignedBuffer<float>(T);
  router_logits = AlignedBuffer<float>(T * experts.experts);
  chosen = AlignedBuffer<int32_t>(T * experts.experts_per_token);
  chosen_weight = AlignedBuffer<float>(T * experts.experts_per_token);
  pair_in = AlignedBuffer<float>(pairs * D);
  pair_act = AlignedBuffer<float>(pairs * width);
  pair_out = AlignedBuffer<float>(pairs * D);
}

}  // namespace sirocco
