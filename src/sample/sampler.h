// SPDX-License-Identifier: Apache-2.0
// Sampler: one choice's way from a row of logits to a token. It keeps what the penalties need to know of the
// sequence and nothing of the model. Order of the stages:
//   bias, bans, mask → repetition, presence, frequency → DRY → temperature → top-n-sigma → top-k → top-p →
//   min-p → typical → XTC → draw
// Temperature 0 takes the largest logit after DRY, the lowest id on a tie. Draw n of a choice is a function
// of (seed, choice, n) alone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sample/token_counts.h"
#include "sirocco/result.h"
#include "sirocco/sampling.h"

namespace sirocco {

// Names the first field that is out of range.
Result<void> check_sampling(const SamplingOptions& options, int64_t vocabulary);

struct Constraints {
  std::span<const int32_t> banned;    // tokens that may not come now
  std::span<const uint32_t> allowed;  // bits; empty: everything
};

class Sampler {
 public:
  // REQUIRES: check_sampling(options) passed; they outlive the sampler.
  Sampler(const SamplingOptions& options, uint64_t choice);

  void see_prompt(std::span<const int32_t> tokens);
  void accept(int32_t token);  // an answer token was taken

  // Nothing when no token is allowed (or all logits are NaN).
  std::optional<int32_t> pick(std::span<const float> logits, const Constraints& constraints);

  const SamplingOptions& options() const { return options_; }

 private:
  bool changes_values() const;  // whether any token's logit is to be another
  std::span<const float> edited(std::span<const float> logits, const Constraints& constraints);
  int32_t draw_from_all(std::span<const float> logits, float max, float inverse_temperature, double u);

  const SamplingOptions& options_;
  uint64_t choice_;
  uint64_t draws_ = 0;  // tokens picked so far: the counter of the random numbers
  TokenCounts seen_;    // prompt and answer, within the repetition window
  TokenCounts answer_;
  std::vector<int32_t> history_;  // kept for DRY only
  std::vector<float> scratch_;    // [W]
};

}  // namespace sirocco
