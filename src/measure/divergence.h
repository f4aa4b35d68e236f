// SPDX-License-Identifier: Apache-2.0
// Divergence: how far the distributions of one run are from those of a base run on the same tokens.
//   KL(p || q) = Σ p (log p - log q), p of the base, q of the run, in nats a token
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "measure/running_mean.h"

namespace sirocco {

class Divergence {
 public:
  // Log-probabilities of one position, [W] each; `target` is the token that the text has there.
  void add(std::span<const double> base, std::span<const double> run, int32_t target);

  const RunningMean& kl() const { return kl_; }
  // The value that `percent` of the positions do not exceed, between neighbours linearly. 0 without
  // positions.
  double kl_percentile(double percent) const;
  // 1 where both runs hold the same token for the likeliest, else 0; the first one where tokens tie.
  const RunningMean& same_top() const { return same_top_; }
  // log p - log q of the text's token: its mean is log(perplexity of the run / of the base).
  const RunningMean& log_ratio() const { return log_ratio_; }
  const RunningMean& base_loss() const { return base_loss_; }  // -log p of the text's token
  // Root mean square of p - q of the text's token.
  double probability_rms() const;

 private:
  RunningMean kl_, same_top_, log_ratio_, base_loss_, squared_difference_;
  std::vector<double> values_;  // of kl_
};

}  // namespace sirocco
