// SPDX-License-Identifier: Apache-2.0
// StopMatcher: text in pieces goes in, text that certainly precedes any stop string comes out. A beginning of
// a stop string is held back until the next piece decides it, so that no part of one is ever seen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sirocco {

class StopMatcher {
 public:
  // Empty stop strings are ignored. `include`: the stop string itself comes out too.
  StopMatcher(std::vector<std::string> stops, bool include);

  // Appends to `out` what is safe. True when a stop string was completed; what follows it is dropped.
  bool push(std::string_view text, std::string& out);
  void flush(std::string& out);                            // the end: what was held back is text after all
  const std::string& matched() const { return matched_; }  // empty: none yet

 private:
  std::vector<std::string> stops_;
  bool include_;
  std::string held_;
  std::string matched_;
};

}  // namespace sirocco
