// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a question that loops ask.
#pragma once

namespace sirocco {

// While one lives, SIGINT sets a flag instead of ending the program.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool take();  // true once after each Ctrl-C
};

}  // namespace sirocco
