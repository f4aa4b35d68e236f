// SPDX-License-Identifier: Apache-2.0
// The definition of every sampler stage, on full probability vectors in double precision, without a thought
// for speed. What src/sample selects and weighs must agree with it.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "sirocco/sampling.h"

namespace sirocco::naive {

using Row = std::vector<double>;  // logits; −infinity: out of the running

inline Row softmax(const Row& logits) {
  const double max = *std::ranges::max_element(logits);
  Row p(logits.size());
  double sum = 0.0;
  for (size_t t = 0; t < p.size(); ++t) sum += p[t] = std::exp(logits[t] - max);
  for (double& x : p) x /= sum;
  return p;
}

template <class Key>
std::vector<size_t> order_by(size_t n, Key key) {  // ascending key, then id
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return key(a) < key(b); });
  return order;
}

inline void keep_only(Row& logits, const std::vector<size_t>& order, size_t count) {
  for (size_t i = count; i < order.size(); ++i) logits[order[i]] = -std::numeric_limits<double>::infinity();
}

inline size_t head_of_weight(const Row& p, const std::vector<size_t>& order, double wanted) {
  double sum = 0.0;
  for (size_t i = 0; i < order.size(); ++i)
    if ((sum += p[order[i]]) >= wanted) return i + 1;
  return order.size();
}

// The distribution that a draw follows, but for the chance of XTC (`xtc` says whether it strikes).
inline Row distribution(Row logits, const SamplingOptions& o, bool xtc) {
  const size_t n = logits.size();
  const auto heat = [&] {
    for (double& x : logits) x /= o.temperature;
  };
  if (!o.temperature_last) heat();
  if (o.top_n_sigma > 0.0) {
    double mean = 0.0, variance = 0.0, finite = 0.0;
    for (const double x : logits)
      if (std::isfinite(x)) mean += x, finite += 1.0;
    mean /= finite;
    for (const double x : logits)
      if (std::isfinite(x)) variance += (x - mean) * (x - mean) / finite;
    const double least = *std::ranges::max_element(logits) - o.top_n_sigma * std::sqrt(variance);
    for (double& x : logits)
      if (x < least) x = -std::numeric_limits<double>::infinity();
  }
  const auto by_logit = order_by(n, [&](size_t t) { return -logits[t]; });
  if (o.top_k > 0) keep_only(logits, by_logit, std::min(n, static_cast<size_t>(o.top_k)));
  if (o.top_p < 1.0) keep_only(logits, by_logit, head_of_weight(softmax(logits), by_logit, o.top_p));
  if (o.min_p > 0.0) {
    const Row p = softmax(logits);
    const double least = o.min_p * *std::ranges::max_element(p);
    for (size_t t = 0; t < n; ++t)
      if (p[t] < least) logits[t] = -std::numeric_limits<double>::infinity();
  }
  if (o.typical_p < 1.0) {
    const Row p = softmax(logits);
    double entropy = 0.0;
    for (const double x : p)
      if (x > 0.0) entropy -= x * std::log(x);
    const auto order = order_by(n, [&](size_t t) {
      return p[t] > 0.0 ? std::abs(-std::log(p[t]) - entropy) : std::numeric_limits<double>::infinity();
    });
    keep_only(logits, order, head_of_weight(p, order, o.typical_p));
  }
  if (xtc) {
    const Row p = softmax(logits);
    std::vector<size_t> above;
    for (const size_t t : by_logit)
      if (p[t] >= o.xtc_threshold) above.push_back(t);
    for (size_t i = 0; i + 1 < above.size(); ++i) logits[above[i]] = -std::numeric_limits<double>::infinity();
  }
  if (o.temperature_last) heat();
  return softmax(logits);
}

}  // namespace sirocco::naive
