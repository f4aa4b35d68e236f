// SPDX-License-Identifier: Apache-2.0
// Time that the calling thread has spent computing: does not pass while others have its core.
#pragma once

#include <time.h>

namespace sirocco {

inline double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace sirocco
