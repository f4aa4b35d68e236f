// SPDX-License-Identifier: Apache-2.0
#include "load_progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sirocco {

std::string load_progress_text(const LoadProgress& progress, double elapsed_s) {
  if (progress.total_bytes == 0) return "loading";
  const auto done = static_cast<double>(progress.done_bytes),
             total = static_cast<double>(progress.total_bytes);
  const double rate = elapsed_s > 0.0 ? done / elapsed_s : 0.0;
  std::string text = fmt::format("loading {:.0f} %", 100.0 * done / total);
  if (rate > 0.0) text += fmt::format(", {:.2f} GB/s, {:.0f} s left", rate / 1e9, (total - done) / rate);
  return text;
}

LoadProgressLine::LoadProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void LoadProgressLine::show(const LoadProgress& progress) {
  const auto now = Clock::now();
  if (!terminal_ || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  shown_ = true;
  fmt::print(stderr, "\r\x1b[K{}",
             load_progress_text(progress, std::chrono::duration<double>(now - begin_).count()));
  std::fflush(stderr);
}

void LoadProgressLine::erase() {
  if (!shown_) return;
  shown_ = false;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

}  // namespace sirocco
