// SPDX-License-Identifier: Apache-2.0
// One line on standard error that shows how far loading is: "loading 43 %, 1.20 GB/s, 12 s left". Silent when
// standard error is no terminal, and for models that load at once.
#pragma once

#include <chrono>
#include <string>

#include "sirocco/options.h"

namespace sirocco {

// "loading 43 %, 1.20 GB/s, 12 s left"
std::string load_progress_text(const LoadProgress& progress, double elapsed_s);

class LoadProgressLine {
 public:
  LoadProgressLine();
  ~LoadProgressLine() { erase(); }
  void show(const LoadProgress& progress);
  void erase();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = begin_;
};

}  // namespace sirocco
