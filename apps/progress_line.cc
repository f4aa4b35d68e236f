// SPDX-License-Identifier: Apache-2.0
#include "progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace sirocco {

std::string progress_text(const std::string& verb, uint64_t done_bytes, uint64_t total_bytes, double elapsed_s) {
  if (total_bytes == 0) return verb;
  const auto done = static_cast<double>(done_bytes), total = static_cast<double>(total_bytes);
  const double rate = elapsed_s > 0.0 ? done / elapsed_s : 0.0;
  std::string text = fmt::format("{} {:.0f} %", verb, 100.0 * done / total);
  if (rate > 0.0) text += fmt::format(", {:.2f} GB/s, {:.0f} s left", rate / 1e9, (total - done) / rate);
  return text;
}

ProgressLine::ProgressLine(std::string verb) : verb_(std::move(verb)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

void ProgressLine::show(uint64_t done_bytes, uint64_t total_bytes) {
  if (!terminal_ || seconds_since(last_) < 0.2) return;
  last_ = Clock::now();
  shown_ = true;
  fmt::print(stderr, "\r\x1b[K{}", progress_text(verb_, done_bytes, total_bytes, seconds_since(begin_)));
  std::fflush(stderr);
}

}  // namespace sirocco
