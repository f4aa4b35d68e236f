// SPDX-License-Identifier: Apache-2.0
// The counter-based generator of synthetic weights: any byte of any tensor from the seed, a name and an
// index. Bytes are defined by docs/formats/synthetic.md; reference/generator.py is the other implementation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace sirocco::synth {

enum class Fill {
  floats,        // dtype f32, f16 or bf16
  norm,          // the same, around 1
  e4m3,          // FP8 codes
  packed,        // compressed-tensors NVFP4: pairs of e2m1
  block_scales,  // its e4m3 scales
  blocks,        // a GGUF block type
  values,        // the given floats, stored as dtype
};

// A run of elements that one name generates: a whole matrix, or a scalar beside it.
struct Piece {
  Fill fill = Fill::floats;
  DType dtype = DType::f32;
  std::string name;  // canonical: the native layout's name of the matrix
  int64_t bytes = 0;
  float spread = 1.0f;        // standard deviation
  std::vector<float> values;  // Fill::values
};

uint64_t key_of(std::string_view name, uint64_t seed);
float spread_of(double gain, int64_t fan_in);
float e4m3_scale(std::string_view name, uint64_t seed, float spread);
float activation_scale(std::string_view name, uint64_t seed);
float packed_divisor(std::string_view name, uint64_t seed, float spread);

// Every multiple of it is a place where `generate` may start.
int64_t granule_bytes(const Piece& piece);
// Bytes [begin_bytes, begin_bytes + out.size()) of the piece.
// REQUIRES: begin_bytes is a multiple of granule_bytes; the range ends at another one or at the piece's end.
void generate(const Piece& piece, uint64_t seed, int64_t begin_bytes, std::span<std::byte> out);

}  // namespace sirocco::synth
