// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sample/candidates.h"
#include "sample/dry.h"
#include "sample/exp_sum.h"
#include "sample/penalties.h"
#include "sample/random.h"
#include "sample/token_mask.h"

namespace sirocco {
namespace {

constexpr uint64_t kTokenDraw = 0, kXtcDraw = 1;  // purposes; a choice has two streams
constexpr double kGreedyBelow = 1e-5;             // the reciprocal would overflow long before it mattered

bool permits(const Constraints& constraints, int32_t token) {
  if (std::ranges::find(constraints.banned, token) != constraints.banned.end()) return false;
  return constraints.allowed.empty() || is_allowed(constraints.allowed, token);
}

// -1: there is none above −infinity.
int32_t first_largest(std::span<const float> logits) {
  const float max = max_of(logits);
  if (max == -std::numeric_limits<float>::infinity()) return -1;
  return static_cast<int32_t>(std::ranges::find(logits, max) - logits.begin());
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options, uint64_t choice)
    : options_(options), choice_(choice), seen_(options.repetition_last_tokens) {}

void Sampler::see_prompt(std::span<const int32_t> tokens) {
  if (options_.repetition_penalty != 1.0)
    for (const int32_t token : tokens) seen_.add(token);
  if (options_.dry.multiplier != 0.0) history_.insert(history_.end(), tokens.begin(), tokens.end());
}

void Sampler::accept(int32_t token) {
  ++draws_;
  if (options_.repetition_penalty != 1.0) seen_.add(token);
  if (options_.presence_penalty != 0.0 || options_.frequency_penalty != 0.0) answer_.add(token);
  if (options_.dry.multiplier != 0.0) history_.push_back(token);
}

bool Sampler::changes_values() const {
  const SamplingOptions& o = options_;
  return !o.logit_bias.empty() || o.repetition_penalty != 1.0 || o.presence_penalty != 0.0 ||
         o.frequency_penalty != 0.0 || o.dry.multiplier != 0.0;
}

std::span<const float> Sampler::edited(std::span<const float> logits, const Constraints& constraints) {
  const SamplingOptions& o = options_;
  if (constraints.banned.empty() && constraints.allowed.empty() && !changes_values()) return logits;
  scratch_.assign(logits.begin(), logits.end());
  add_bias(scratch_, o.logit_bias);
  ban(scratch_, constraints.banned);
  if (!constraints.allowed.empty()) apply_mask(scratch_, constraints.allowed);
  if (o.repetition_penalty != 1.0) penalise_repetition(scratch_, seen_, o.repetition_penalty);
  if (o.presence_penalty != 0.0 || o.frequency_penalty != 0.0)
    penalise_counts(scratch_, answer_, o.presence_penalty, o.frequency_penalty);
  penalise_runs(scratch_, history_, o.dry);
  return scratch_;
}

std::optional<int32_t> Sampler::pick(std::span<const float> logits, const Constraints& constraints) {
  const SamplingOptions& o = options_;
  const bool greedy = o.temperature < kGreedyBelow;
  // The largest of all is the largest of the allowed ones, where it is one of them: no copy then.
  if (greedy && !changes_values())
    if (const int32_t token = first_largest(logits); token >= 0 && permits(constraints, token)) return token;
  const std::span<const float> row = edited(logits, constraints);
  const float max = max_of(row);
  if (max == -std::numeric_limits<float>::infinity()) return std::nullopt;
  if (greedy || !std::isfinite(max)) return first_largest(row);

  const auto inverse_draw = static_cast<float>(1.0 / o.temperature);
  const double temperature = o.temperature_last ? 1.0 : o.temperature;  // of the stages that leave tokens out
  const auto inverse_temperature = static_cast<float>(1.0 / temperature);
  const double u = uniform_draw(o.seed, 2 * choice_ + kTokenDraw, draws_);
  const bool top_p = o.top_p < 1.0, typical = o.typical_p < 1.0;
  const bool xtc = o.xtc_probability > 0.0 && o.xtc_threshold <= 0.5 &&
                   uniform_draw(o.seed, 2 * choice_ + kXtcDraw, draws_) < o.xtc_probability;
  if (o.top_n_sigma == 0.0 && o.top_k == 0 && !top_p && o.min_p == 0.0 && !typical && !xtc)
    return draw_from_all(row, max, inverse_draw, u);

  // Thresholds on logits first, so that few tokens have to be ranked.
  float threshold = -std::numeric_limits<float>::infinity();
  if (o.top_n_sigma > 0.0) threshold = sigma_threshold(row, max, o.top_n_sigma);
  const bool simple_p = top_p && o.top_k == 0 && o.top_n_sigma == 0.0;
  double total = 0.0;
  if (simple_p) {
    // All tokens further below the maximum than this weigh less than 1 − p together, so the head of weight p
    // does not reach them.
    const double reach = std::log(static_cast<double>(row.size()) / (1.0 - o.top_p));
    threshold = static_cast<float>(static_cast<double>(max) - temperature * reach);
    total = exp_sum(row, max, inverse_temperature);
  } else if (o.min_p > 0.0 && !top_p) {
    const double reach = -std::log(o.min_p) * 1.0001;  // keep_min_p decides at the border
    threshold = std::max(threshold, static_cast<float>(static_cast<double>(max) - temperature * reach));
  }
  std::vector<Candidate> ranked = simple_p
                                      ? rank_top_p(row, max, inverse_temperature, threshold, o.top_p, total)
                                      : rank(row, max, inverse_temperature, threshold, o.top_k);
  if (top_p && !simple_p) keep_top_p(ranked, o.top_p, total_weight(ranked));
  if (o.min_p > 0.0) keep_min_p(ranked, o.min_p);
  if (typical) keep_typical(ranked, o.typical_p);
  if (xtc) exclude_top(ranked, o.xtc_threshold);
  if (o.temperature_last) weigh_again(ranked, inverse_draw);
  return draw(ranked, u).token;
}

int32_t Sampler::draw_from_all(std::span<const float> logits, float max, float inverse_temperature,
                               double u) {
  std::vector<float> weights(logits.size());
  double left = u * exp_all(logits, max, inverse_temperature, weights);
  int32_t last = -1;
  for (size_t t = 0; t < weights.size(); ++t) {
    if (weights[t] == 0.0F) continue;
    last = static_cast<int32_t>(t);
    left -= static_cast<double>(weights[t]);
    if (left < 0.0) break;
  }
  return last;
}

}  // namespace sirocco
