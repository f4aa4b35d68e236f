// SPDX-License-Identifier: Apache-2.0
// Writes a synthetic checkpoint: plan the tensors, make their bytes on all threads while the last ones are
// being written, publish every file at the end. Nothing is left under a final name when it fails.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sirocco/result.h"
#include "synth/synth_options.h"

namespace sirocco::synth {

struct SynthResult {
  std::vector<std::string> paths;  // written files, weights first
  std::string model_path;          // what to open: the directory, or the (first) .gguf file
  std::string mmproj_path;         // its vision file; "" when there is none
  uint64_t bytes = 0;
};

// `path`: a directory (made when absent); for gguf a file name ending in .gguf is taken as it is. A gguf's
// vision part is mmproj-NAME.gguf beside NAME.gguf.
Result<SynthResult> synthesize(
    const SynthOptions& options, const std::string& path, int threads = 0,
    const std::function<void(uint64_t done_bytes, uint64_t total_bytes)>& progress = {});

}  // namespace sirocco::synth
