// SPDX-License-Identifier: Apache-2.0
#include "sample/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"

namespace sirocco {
namespace {

bool more_likely(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

}  // namespace

namespace {

// The `count` most likely of what is offered one by one. Keeps a few times as many and thins them out when
// full: after the first thousand tokens hardly one of a row passes the threshold.
class Best {
 public:
  Best(size_t count, size_t offers) : count_(count) { kept_.reserve(std::min(4 * count, offers)); }

  void offer(const Candidate& candidate) {
    if (candidate.logit < least_) return;
    kept_.push_back(candidate);
    if (kept_.size() == 4 * count_) thin();
  }
  std::vector<Candidate> take() {
    if (kept_.size() > count_) thin();
    return std::move(kept_);
  }

 private:
  void thin() {
    const auto last = kept_.begin() + static_cast<ptrdiff_t>(count_) - 1;
    std::nth_element(kept_.begin(), last, kept_.end(), more_likely);
    least_ = last->logit;
    kept_.resize(count_);
  }

  size_t count_;
  std::vector<Candidate> kept_;
  float least_ = -std::numeric_limits<float>::infinity();
};

}  // namespace

std::vector<Candidate> rank(std::span<const float> logits, float max, float inverse_temperature,
                            float threshold, int64_t count) {
  const bool few = count > 0 && static_cast<size_t>(count) < logits.size();
  Best best(few ? static_cast<size_t>(count) : logits.size(), logits.size());
  for (size_t t = 0; t < logits.size(); ++t)
    if (logits[t] >= threshold && std::isfinite(logits[t]))
      best.offer({static_cast<int32_t>(t), logits[t], 0.0F});
  std::vector<Candidate> all = best.take();
  std::ranges::sort(all, more_likely);
  for (Candidate& c : all) {
    c.logit = (c.logit - max) * inverse_temperature;
    c.weight = std::exp(c.logit);
  }
  return all;
}

std::vector<Candidate> rank_top_p(std::span<const float> logits, float max, float inverse_temperature,
                                  float threshold, double p, double total) {
  constexpr int64_t kFirstGuess = 64;
  for (int64_t count = kFirstGuess;; count *= 8) {
    std::vector<Candidate> ranked = rank(logits, max, inverse_temperature, threshold, count);
    const bool all =
        static_cast<int64_t>(ranked.size()) < count || count >= static_cast<int64_t>(logits.size());
    if (!all && total_weight(ranked) < p * total) continue;
    keep_top_p(ranked, p, total);
    return ranked;
  }
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
  const auto closer = [&](const Candidate& a, const Candidate& b) {
    const double da = distance(a), db = distance(b);
    return da != db ? da < db : a.token < b.token;
  };
  // The closest few are sorted first, more of them only if their weight falls short.
  size_t sorted = 0;
  double sum = 0.0;
  for (size_t count = 256; sorted < ranked.size() && sum < p * total; count *= 8) {
    const auto begin = ranked.begin() + static_cast<ptrdiff_t>(sorted);
    const size_t end = std::min(count, ranked.size());
    std::partial_sort(begin, ranked.begin() + static_cast<ptrdiff_t>(end), ranked.end(), closer);
    while (sorted < end && sum < p * total) sum += static_cast<double>(ranked[sorted++].weight);
  }
  ranked.resize(sorted);
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

void weigh_again(std::span<Candidate> ranked, float inverse_temperature) {
  for (Candidate& c : ranked) c.weight = std::exp((c.logit - ranked.front().logit) * inverse_temperature);
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
