// SPDX-License-Identifier: Apache-2.0
// The CPU backend: weights are packed into one arena for the kernels that were chosen, or read where the checkpoint
// maps them (exact mode, or too little memory: packing_plan.h); activations are float32 in one workspace.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "run/backend.h"
#include "run/cpu/expert_cache.h"
#include "run/cpu/feed_forward.h"
#include "run/cpu/latent_attention.h"
#include "run/cpu/vision_encoder.h"
#include "run/cpu/weight_arena.h"

namespace sirocco {

class CpuBackend final : public Backend {
 public:
  // `files`: those that the weights are views of.
  static Result<std::unique_ptr<CpuBackend>> create(const Config& config, const ModelWeights& weights,
                                                    const ModelOptions& options,
                                                    std::span<const MappedFile> files = {});

  std::string_view isa() const override { return compute_.ops.name; }
  int threads() const override { return compute_.pool.size(); }
  WeightMemory weight_memory() const override { return weight_memory_; }
  int64_t page_bytes() const override { return cache_.page_bytes(); }
  int64_t pages() const override { return cache_.pages(); }
  Result<void> reserve_cache(int64_t pages) override { return cache_.reserve(pages); }
  std::span<std::byte> page(int64_t index) override { return cache_.page(index); }

  void begin(const Batch& batch) override;
  void attend(int64_t layer) override;
  void feed_forward(int64_t layer) override;
  StepOutput finish() override;
  void for_each(int64_t count, FunctionRef<void(int64_t)> body) override {
    compute_.pool.parallel_for(count, 1, [&](int64_t i, int64_t, int) { body(i); });
  }
  bool sees() const override { return vision_ != nullptr; }
  Result<std::unique_ptr<PictureEncoding>> encode(const PixelView& pixels) override {
    return vision_->begin(pixels);
  }

 private:
  CpuBackend(const Config& config, const ModelWeights& weights, const ModelOptions& options,
             std::span<const MappedFile> files, const OpTable& ops);
  void count_operations();

  const Config config_;
  const WeightView embedding_;
  AlignedBuffer<float> final_norm_;  // [D]
  std::vector<float> inv_freq_;      // [R / 2]
  Compute compute_;
  WeightArena arena_;  // of all packed weights
  ExpertCache experts_;  // that share memory
  WeightMemory weight_memory_;
  Matrix head_;
  Workspace work_;
  LatentCache cache_;
  std::vector<LatentAttention> attention_;  // [L]
  std::vector<FeedForward> feed_forward_;   // [L]
  std::unique_ptr<VisionEncoder> vision_;   // null: the model has no tower
  std::vector<float> hidden_, logits_;      // [S, D], [S, W] of the last step

  Batch batch_;    // of the step that is running
  StepCost cost_;  // of the step that is running
};

}  // namespace sirocco
