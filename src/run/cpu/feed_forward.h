// SPDX-License-Identifier: Apache-2.0
// The feed-forward half of one layer on the CPU: routed experts with a shared one, or one dense block.
//   p = softmax(W_g h); the K best of p (within the best groups), renormalised, weigh K experts;
//   expert(h) = W_down (silu(W_gate h) ⊙ W_up h); y = Σ p_e expert_e(h), e ascending, then + shared(h)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "run/cpu/compute.h"
#include "run/cpu/expert_cache.h"
#include "run/cpu/matrix_loader.h"
#include "run/cpu/packed_experts.h"
#include "run/cpu/workspace.h"
#include "run/model.h"

namespace sirocco {

class FeedForward {
 public:
  // Adds experts without memory of their own to `cache`, which must be there as long.
  FeedForward(const Config& config, const LayerWeights& weights, FeedForwardKind kind, MatrixLoader& loader,
              ExpertCache& cache);

  // x += feed_forward(norm(x)) for T rows; adds the weights that it read to `cost`. Packs promised experts that are
  // chosen for the first time, or again after others took their place.
  void run(int64_t T, Workspace& work, Compute& compute, StepCost& cost);

  // One K-subset of experts for a row of router logits, which become probabilities: ids ascending. Public for
  // tests: the group rule and ties (lowest id first) are part of the model's definition.
  static void choose(const ExpertsConfig& experts, float* logits, int32_t* ids, float* weights);

 private:
  void route(int64_t T, Workspace& work, Compute& compute) const;
  void group(int64_t T, Workspace& work, std::vector<ExpertTask>& tasks, std::vector<int64_t>& pair_of,
             std::vector<int32_t>& token_of);
  void run_all(std::span<ExpertTask> tasks, const std::vector<int32_t>& token_of, int64_t T, Workspace& work,
               Compute& compute);
  void run_unpacked_experts(std::span<const ExpertTask> tasks, const std::vector<int32_t>& token_of,
                            Workspace& work, Compute& compute) const;
  void combine(int64_t T, const std::vector<int64_t>& pair_of, Workspace& work, Compute& compute) const;

  const int64_t D;
  const ExpertsConfig experts_;
  const FeedForwardKind kind_;
  const float eps_;
  AlignedBuffer<float> norm_;    // [D]
  AlignedBuffer<float> router_;  // [E, D] float32: a rounded router picks other experts
  std::vector<ExpertMatrices> routed_;
  ExpertMatrices always_;  // the shared expert, or the dense block
  ExpertCache& cache_;
};

}  // namespace sirocco
