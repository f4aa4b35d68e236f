// SPDX-License-Identifier: Apache-2.0
#include "sched/prompt_share.h"

#include <algorithm>
#include <numeric>

namespace sirocco {

std::vector<int64_t> share_fairly(std::span<const int64_t> wanted, int64_t budget) {
  std::vector<size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return wanted[i]; });
  std::vector<int64_t> shares(wanted.size(), 0);
  size_t modest = 0;  // they want less than an equal share; what they leave is divided among the others
  const auto equal_share = [&] { return budget / static_cast<int64_t>(order.size() - modest); };
  for (; modest < order.size() && wanted[order[modest]] <= equal_share(); ++modest) {
    shares[order[modest]] = wanted[order[modest]];
    budget -= wanted[order[modest]];
  }
  if (modest == order.size()) return shares;
  const int64_t equal = equal_share();
  for (size_t i = modest; i < order.size(); ++i) shares[order[i]] = equal;
  budget -= equal * static_cast<int64_t>(order.size() - modest);
  for (size_t i = 0; i < wanted.size() && budget > 0; ++i) {
    if (shares[i] == wanted[i]) continue;
    ++shares[i];
    --budget;
  }
  return shares;
}

std::vector<int64_t> share_by_priority(std::span<const int64_t> wanted, std::span<const int> priorities,
                                       int64_t budget) {
  if (wanted.empty()) return {};
  const int best = *std::ranges::min_element(priorities);
  std::vector<int64_t> urgent(wanted.begin(), wanted.end());
  for (size_t i = 0; i < urgent.size(); ++i)
    if (priorities[i] != best) urgent[i] = 0;
  std::vector<int64_t> shares = share_fairly(urgent, budget - budget / 2);
  std::vector<int64_t> rest(wanted.begin(), wanted.end());
  for (size_t i = 0; i < rest.size(); ++i) rest[i] -= shares[i];
  const int64_t left = budget - std::accumulate(shares.begin(), shares.end(), int64_t{0});
  const std::vector<int64_t> more = share_fairly(rest, left);
  for (size_t i = 0; i < shares.size(); ++i) shares[i] += more[i];
  return shares;
}

}  // namespace sirocco
