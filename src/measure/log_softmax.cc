// SPDX-License-Identifier: Apache-2.0
#include "measure/log_softmax.h"

#include <algorithm>
#include <cmath>

namespace sirocco {

bool log_softmax(std::span<const float> logits, std::vector<double>& out) {
  double max = static_cast<double>(logits[0]);
  for (const float x : logits) {
    if (!std::isfinite(x)) return false;
    max = std::max(max, static_cast<double>(x));
  }
  double sum = 0.0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - max);
  const double total = max + std::log(sum);
  out.resize(logits.size());
  std::transform(logits.begin(), logits.end(), out.begin(),
                 [&](float x) { return static_cast<double>(x) - total; });
  return true;
}

}  // namespace sirocco
