// SPDX-License-Identifier: Apache-2.0
// What this machine can do at most, measured: the figures that every speed is compared with.
#pragma once

#include <string>

#include "sirocco/result.h"

namespace sirocco {

struct Roof {
  double read_gbs = 0.0;     // streaming reads from memory, all threads
  double int8_tops = 0.0;    // int8 dot products from registers; 0 without such kernels
  double int16_tops = 0.0;   // int16 dot products from registers; 0 where the chosen table has no weights in them
  double bf16_tflops = 0.0;  // products of bf16 weights from registers; 0 without such kernels

  // Of the units that multiply 16-bit weights (find_wide_kernel).
  double wide_tops() const { return int16_tops > 0.0 ? int16_tops : bf16_tflops; }
};

// Takes about a second and a gigabyte. `threads` and `isa` as in ModelOptions.
Result<Roof> measure_roof(int threads, const std::string& isa);

}  // namespace sirocco
