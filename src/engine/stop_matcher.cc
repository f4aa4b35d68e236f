// SPDX-License-Identifier: Apache-2.0
#include "engine/stop_matcher.h"

#include <algorithm>

namespace sirocco {

StopMatcher::StopMatcher(std::vector<std::string> stops, bool include)
    : stops_(std::move(stops)), include_(include) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

bool StopMatcher::push(std::string_view text, std::string& out) {
  if (!matched_.empty()) return true;
  if (stops_.empty()) {
    out += text;
    return false;
  }
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t at = held_.find(stop);
    if (at >= first) continue;  // the earliest wins, the first named on a tie
    first = at;
    matched_ = stop;
  }
  if (first != std::string::npos) {
    out.append(held_, 0, first + (include_ ? matched_.size() : 0));
    held_.clear();
    return true;
  }
  size_t keep = 0;  // longest end of the text that may still become a stop string
  for (const std::string& stop : stops_)
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n)
      if (held_.ends_with(std::string_view(stop).substr(0, n))) keep = n;
  out.append(held_, 0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return false;
}

void StopMatcher::flush(std::string& out) {
  out += held_;
  held_.clear();
}

}  // namespace sirocco
