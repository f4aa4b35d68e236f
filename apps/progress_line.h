// SPDX-License-Identifier: Apache-2.0
// ProgressLine: how far something is, on one line of standard error: "loading 43 %, 1.20 GB/s, 12 s left". Silent
// where that is no terminal, and for what is done at once.
#pragma once

#include <cstdint>
#include <string>

#include "stopwatch.h"

namespace sirocco {

// "loading 43 %, 1.20 GB/s, 12 s left"
std::string progress_text(const std::string& verb, uint64_t done_bytes, uint64_t total_bytes, double elapsed_s);

class ProgressLine {
 public:
  explicit ProgressLine(std::string verb);
  ~ProgressLine();  // erases it
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(uint64_t done_bytes, uint64_t total_bytes);

 private:
  const std::string verb_;
  const bool terminal_;
  bool shown_ = false;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = begin_;
};

}  // namespace sirocco
