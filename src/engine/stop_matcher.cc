// SPDX-License-Identifier: Apache-2.0
#include "engine/stop_matcher.h"

#include <algorithm>

namespace sirocco {

StopMatcher::StopMatcher(const std::vector<std::string>& stops, bool include) : include_(include) {
  for (const std::string& text : stops) {
    if (text.empty()) continue;
    Stop stop{text, std::vector<size_t>(text.size(), 0), 0};
    for (size_t n = 1; n < text.size(); ++n) {
      stop.take(text[n]);
      if (n + 1 < text.size()) stop.shorter[n + 1] = stop.seen;
    }
    stop.seen = 0;
    stops_.push_back(std::move(stop));
  }
}

// REQUIRES: seen < text.size().
void StopMatcher::Stop::take(char c) {
  while (seen > 0 && text[seen] != c) seen = shorter[seen];
  if (text[seen] == c) ++seen;
}

bool StopMatcher::push(std::string_view text, std::string& out) {
  if (!matched_.empty()) return true;
  if (stops_.empty()) {
    out += text;
    return false;
  }
  for (const char c : text) {
    held_ += c;
    const Stop* ended = nullptr;
    for (Stop& stop : stops_) {
      stop.take(c);
      if (stop.seen == stop.text.size() && (ended == nullptr || stop.seen > ended->seen)) ended = &stop;
    }
    if (ended == nullptr) continue;
    matched_ = ended->text;
    out.append(held_, 0, held_.size() - (include_ ? 0 : matched_.size()));
    held_.clear();
    return true;
  }
  size_t keep = 0;  // longest end of the text that may still become a stop string
  for (const Stop& stop : stops_) keep = std::max(keep, stop.seen);
  out.append(held_, 0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return false;
}

void StopMatcher::flush(std::string& out) {
  out += held_;
  held_.clear();
  for (Stop& stop : stops_) stop.seen = 0;  // what was said is no longer held: nothing that begins in it counts
}

}  // namespace sirocco
