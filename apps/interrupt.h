// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a question that loops ask, and as something that poll() can wait for.
#pragma once

namespace sirocco {

// While one lives, SIGINT is kept for whoever asks instead of ending the program.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool take();  // true once after one or more Ctrl-Cs
  // Readable while a Ctrl-C waits to be taken, so that none falls between a look and a blocking read; -1: no
  // guard lives.
  static int descriptor();
};

}  // namespace sirocco
