// SPDX-License-Identifier: Apache-2.0
// Prints an answer as it comes: content on standard output, thinking (dimmed on a terminal) on standard
// error, so that `sirocco run … > file` holds the answer alone.
#pragma once

#include "answer.h"
#include "sirocco/stream.h"

namespace sirocco {

struct PrintOptions {
  bool text = true;  // false: gather only
};

struct PrintedAnswer {
  Answer answer;
  bool interrupted = false;  // Ctrl-C cut it short
};

// Reads `stream` (of one choice) to its end. Ctrl-C cancels it if an InterruptGuard lives.
PrintedAnswer print_answer(Stream& stream, const PrintOptions& options);

}  // namespace sirocco
