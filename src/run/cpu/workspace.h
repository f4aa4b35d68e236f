// SPDX-License-Identifier: Apache-2.0
// Workspace: the activation buffers of a forward pass, sized once for the largest batch. A block takes what it needs
// as a view of the batch's T rows. What grows on first use (scratch, narrowed activations, attention's partial
// results) is in Compute.
#pragma once

#include "base/aligned_buffer.h"
#include "model/config.h"

namespace sirocco {

struct Workspace {
  Workspace(const Config& config, int64_t most_tokens);

  AlignedBuffer<float> x;            // [T, D] the residual stream
  AlignedBuffer<float> normed;       // [T, D]
  AlignedBuffer<float> q_lora;       // [T, Q]
  AlignedBuffer<float> queries;      // [T, H (N + R)]
  AlignedBuffer<float> latents;      // [T, C + R]
  AlignedBuffer<float> attended;     // [T, H V]
  AlignedBuffer<float> projected;    // [T, D]
  AlignedBuffer<float> cos, sin;     // [T, R / 2] of each row's position
  AlignedBuffer<float> query_scale;  // [T] g(position)

  AlignedBuffer<float> router_logits;  // [T, E]
  AlignedBuffer<int32_t> chosen;       // [T, K] ascending expert ids
  AlignedBuffer<float> chosen_weight;  // [T, K]
  AlignedBuffer<float> pair_in;        // [P, D] rows gathered by expert, P = T (K + shared)
  AlignedBuffer<float> pair_act;       // [P, F]
  AlignedBuffer<float> pair_out;       // [P, D]

  const int64_t max_tokens;
};

}  // namespace sirocco
