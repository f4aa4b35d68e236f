// SPDX-License-Identifier: Apache-2.0
#include "sample/candidates.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sirocco {
namespace {

bool more_likely(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

}  // namespace

std::vector<Candidate> rank(std::span<const float> logits, float max, float inverse_temperature,
                            float threshold, int64_t count) {
  std::vector<Candidate> all;
  for (size_t t = 0; t < logits.size(); ++t)
    if (logits[t] >= threshold && std::isfinite(logits[t]))
      all.push_back({static_cast<int32_t>(t), logits[t], 0.0F});
  if (count > 0 && static_cast<size_t>(count) < all.size()) {
    std::nth_element(all.begin(), all.begin() + count, all.end(), more_likely);
    all.resize(static_cast<size_t>(count));
  }
  std::ranges::sort(all, more_likely);
  for (Candidate& c : all) {
    c.logit = (c.logit - max) * inverse_temperature;
    c.weight = std::exp(c.logit);
  }
  return all;
}

double total_weight(std::span<const Candidate> ranked) {
  double total = 0.0;
  for (const Candidate& c : ranked) total += static_cast<double>(c.weight);
  return total;
}

void keep_top_p(std::vector<Candidate>& ranked, double p, double total) {
  double sum = 0.0;
  for (size_t i = 0; i < ranked.size(); ++i) {
    sum += static_cast<double>(ranked[i].weight);
    if (sum < p * total) continue;
    ranked.resize(i + 1);
    return;
  }
}

void keep_min_p(std::vector<Candidate>& ranked, double min_p) {
  if (ranked.empty()) return;
  const double least = min_p * static_cast<double>(ranked.front().weight);
  size_t keep = 1;
  while (keep < ranked.size() && static_cast<double>(ranked[keep].weight) >= least) ++keep;
  ranked.resize(keep);
}

void keep_typical(std::vector<Candidate>& ranked, double p) {
  const double total = total_weight(ranked);
  const double log_total = std::log(total);
  double entropy = 0.0;
  for (const Candidate& c : ranked)
    if (c.weight > 0.0F)
      entropy -= static_cast<double>(c.weight) / total * (static_cast<double>(c.logit) - log_total);
  const auto distance = [&](const Candidate& c) {
    return std::abs(log_total - static_cast<double>(c.logit) - entropy);
  };
  std::ranges::sort(ranked, [&](const Candidate& a, const Candidate& b) {
    const double da = distance(a), db = distance(b);
    return da != db ? da < db : a.token < b.token;
  });
  keep_top_p(ranked, p, total);
  std::ranges::sort(ranked, more_likely);
}

void exclude_top(std::vector<Candidate>& ranked, double threshold) {
  const double least = threshold * total_weight(ranked);
  size_t above = 0;
  while (above < ranked.size() && static_cast<double>(ranked[above].weight) >= least) ++above;
  if (above >= 2) ranked.erase(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(above) - 1);
}

float sigma_threshold(std::span<const float> logits, float max, double n) {
  // Around the maximum, so that equal logits have variance 0 exactly.
  double sum = 0.0, squares = 0.0;
  int64_t count = 0;
  for (const float x : logits) {
    if (!std::isfinite(x)) continue;
    const double d = static_cast<double>(x) - static_cast<double>(max);
    sum += d;
    squares += d * d;
    ++count;
  }
  if (count == 0) return max;
  const double mean = sum / static_cast<double>(count);
  const double variance = std::max(0.0, squares / static_cast<double>(count) - mean * mean);
  return static_cast<float>(static_cast<double>(max) - n * std::sqrt(variance));
}

const Candidate& draw(std::span<const Candidate> candidates, double u) {
  CHECK(!candidates.empty());
  double left = u * total_weight(candidates);
  for (const Candidate& c : candidates) {
    left -= static_cast<double>(c.weight);
    if (left < 0.0) return c;
  }
  return candidates.back();  // rounding
}

}  // namespace sirocco
