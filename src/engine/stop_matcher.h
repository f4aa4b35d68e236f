// SPDX-License-Identifier: Apache-2.0
// StopMatcher: text in pieces goes in, text that certainly precedes any stop string comes out. A beginning of
// a stop string is held back until what follows decides it, so that no part of one is ever seen. A byte costs a few
// operations a stop string, whatever the strings are (Knuth, Morris and Pratt's automaton for each).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sirocco {

class StopMatcher {
 public:
  StopMatcher() = default;  // nothing stops
  // Empty stop strings are ignored. `include`: the stop string itself comes out too.
  StopMatcher(const std::vector<std::string>& stops, bool include);

  // Appends to `out` what is safe. True when a stop string was completed; what follows it is dropped. The one that ends
  // first counts, of those that end together the longest.
  bool push(std::string_view text, std::string& out);
  void flush(std::string& out);                            // the end: what was held back is text after all
  const std::string& matched() const { return matched_; }  // empty: none yet

 private:
  struct Stop {
    std::string text;
    std::vector<size_t> shorter;  // [n]: of the first n bytes, the longest end that is a beginning too
    size_t seen = 0;              // bytes at its beginning that the text ends in
    void take(char c);
  };
  std::vector<Stop> stops_;
  bool include_ = false;
  std::string held_;
  std::string matched_;
};

}  // namespace sirocco
