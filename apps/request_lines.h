// SPDX-License-Identifier: Apache-2.0
// `run --jsonl`: many requests through one engine at once, results in the order of the lines.
#pragma once

#include <string>

#include "request_flags.h"
#include "sirocco/engine.h"

namespace sirocco {

// A result line (answer_json, or {"error": …}) for each line of the file; "-" is standard input. Returns the
// exit code: an error if any line failed.
int answer_lines(Engine& engine, const std::string& path, const RequestFlags& flags);

}  // namespace sirocco
