// SPDX-License-Identifier: Apache-2.0
#include "sched/prompt_share.h"

#include <algorithm>
#include <numeric>

namespace sirocco {

std::vector<int64_t> share_prompts(std::span<const int64_t> wanted, int64_t budget) {
  std::vector<int64_t> shares(wanted.size(), 0);
  std::vector<size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto give = [&](int64_t left) {
    for (const size_t i : order) {
      const int64_t more = std::min(left, wanted[i] - shares[i]);
      shares[i] += more;
      budget -= more;
      left -= more;
    }
  };
  give(budget - budget / 2);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return wanted[i] - shares[i]; });
  give(budget);
  return shares;
}

}  // namespace sirocco
