// SPDX-License-Identifier: Apache-2.0
// Where the scale fields of a GGUF block type lie. Any random bytes are a valid block, but only finite,
// modest scales make weights: the generator overwrites these fields.
#pragma once

#include <array>
#include <cstddef>

#include "tensor/dtype.h"

namespace sirocco::synth {

struct BlockFields {
  int scale_at = 0;      // byte offset of the scale
  int minimum_at = -1;   // of the minimum; -1: none
  float minimum = 0.0f;  // minimum ÷ scale; centres the elements on zero
  float rms = 1.0f;      // root mean square of random elements at scale 1
};

const BlockFields& block_fields(DType type);  // REQUIRES: a GGUF block type

// `scales`: base times four jitters; most types use the first. `odd` picks MXFP4's exponent.
void set_scales(DType type, const BlockFields& fields, float base, const std::array<float, 4>& scales,
                bool odd, std::byte* block);

}  // namespace sirocco::synth
