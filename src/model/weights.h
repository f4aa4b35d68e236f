// SPDX-License-Identifier: Apache-2.0
// ModelWeights: a checkpoint's tensors by what they are for, the same for every layout. Views only.
#pragma once

#include <vector>

#include "tensor/weight_view.h"

namespace sirocco {

struct FeedForwardWeights {  // y = down(silu(gate x) ⊙ up x)
  WeightView gate;           // [F, D]
  WeightView up;             // [F, D]
  WeightView down;           // [D, F]
};

struct LatentAttentionWeights {
  WeightView q_a;       // [Q, D]; absent when q_lora_rank is 0
  WeightView q_a_norm;  // [1, Q]
  WeightView q_b;       // [H (N + R), Q or D], per head nope rows, then rope rows
  WeightView kv_a;      // [C + R, D]: latent rows, then rope rows
  WeightView kv_a_norm; // [1, C]
  // Either the joint matrix, per head N rows of k_nope then V rows of v …
  WeightView kv_b;      // [H (N + V), C]
  // … or (GGUF) its two halves; k_b is stored for absorption: q̃_h = k_b_h q_nope_h
  std::vector<WeightView> k_b;  // [H] of [C, N]
  std::vector<WeightView> v_b;  // [H] of [V, C]
  WeightView o;                 // [D, H V]
};

struct GroupedAttentionWeights {
  WeightView q, k, v, o;  // [H hd, D], [kv hd, D], [kv hd, D], [D, H hd]
};

struct LayerWeights {
  WeightView attention_norm;     // [1, D]
  WeightView feed_forward_norm;  // [1, D]
  LatentAttentionWeights latent;
  GroupedAttentionWeights grouped;
  WeightView router;                        // [E, D]
  std::vector<FeedForwardWeights> experts;  // [E]
  FeedForwardWeights shared;                // present when shared_experts > 0
  FeedForwardWeights dense;                 // dense layers only
};

struct VisionLayerWeights {
  WeightView attention_norm, ffn_norm;  // [1, Dv]
  WeightView q, k, v, o;                // [Dv, Dv]
  FeedForwardWeights feed_forward;
};

struct VisionWeights {
  bool interleaved_rope = true;  // native and GGUF: pairs (2i, 2i+1); Hugging Face: halves
  WeightView patch_conv;         // [Dv, channels · patch · patch]
  WeightView pre_norm;           // [1, Dv]
  std::vector<VisionLayerWeights> layers;
  WeightView projector_norm;     // [1, Dv]
  WeightView merger;             // [Dv, Dv · merge²], input channel-major
  WeightView projector_in;       // [D, Dv]
  WeightView projector_out;      // [D, D]
};

struct ModelWeights {
  WeightView embedding;   // [W, D]
  WeightView final_norm;  // [1, D]
  WeightView head;        // [W, D]; the embedding when tied
  std::vector<LayerWeights> layers;
  VisionWeights vision;   // patch_conv.present() tells
};

}  // namespace sirocco
