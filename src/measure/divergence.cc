// SPDX-License-Identifier: Apache-2.0
#include "measure/divergence.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sirocco {

void Divergence::add(std::span<const double> base, std::span<const double> run, int32_t target) {
  CHECK(base.size() == run.size());
  double kl = 0.0;
  for (size_t i = 0; i < base.size(); ++i) kl += std::exp(base[i]) * (base[i] - run[i]);
  kl = std::max(kl, 0.0);  // rounding of equal distributions
  kl_.add(kl);
  values_.push_back(kl);
  const auto top = [](std::span<const double> p) { return std::max_element(p.begin(), p.end()) - p.begin(); };
  same_top_.add(top(base) == top(run) ? 1.0 : 0.0);
  const double p = base[static_cast<size_t>(target)], q = run[static_cast<size_t>(target)];
  log_ratio_.add(p - q);
  base_loss_.add(-p);
  squared_difference_.add((std::exp(p) - std::exp(q)) * (std::exp(p) - std::exp(q)));
}

double Divergence::kl_percentile(double percent) const {
  if (values_.empty()) return 0.0;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const double at = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Divergence::probability_rms() const {
  return std::sqrt(squared_difference_.mean());
}

}  // namespace sirocco
