// SPDX-License-Identifier: Apache-2.0
// From a file's rows to strips (ops/packed.h). Packing only moves bytes and splits small scales apart; the
// numbers stay those of the file. Per block of 16 rows: every 4 bytes of codes become a line of 64, row by
// row; what a line's bytes mean stays as in the file's block. Lines lie in the order in which kernels read
// them, for the processor's prefetching, scales first. Scales:
//   q4_k q5_k  64 bytes scale nibbles (groups 0-3 below, 4-7 above; [4, 16]), 64 bytes min nibbles ([2, 16,
//   2]),
//              64 bytes of top bits: scales in bits 0-1 and 2-3, mins in 4-5 and 6-7; then 16 d, 16 d_min
//              (f16)
//   q6_k       [16 groups, 16 rows] int8;   iq4_xs  [8 groups, 16 rows] int8 with the offset of 32 taken off
//   others     apart, behind all lines of the strip: [blocks, 16] of f16 d (and m), e8m0 or e4m3
//   i16_packed the same with f32 for blocks of 256 columns. Not a file's type: rows of other types, and keys and
//              values of pictures, become strips of it, or of bf16, by pack_floats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/view.h"
#include "ops/packed.h"
#include "ops/table.h"
#include "tensor/weight_view.h"

namespace sirocco {

// Whether rows of `cols` columns of this type have a packed form.
bool can_pack(DType dtype, int64_t cols);

// What `cols` columns of 16-bit numbers are padded to: a row of them is a multiple of 32.
inline constexpr int64_t packed_columns(int64_t cols) {
  return (cols + 31) / 32 * 32;
}

// Bytes of one strip of 16 rows, a multiple of 64. REQUIRES can_pack.
int64_t packed_strip_bytes(DType dtype, int64_t cols);

// Rows 16 · index … of `weight`. Rows past the end repeat the last one.
void pack_strip(const WeightView& weight, int64_t index, std::byte* out);

// Block `block` of 256 columns of a strip of bf16 or i16_packed that has `cols` columns in all: its rows are those of
// x [1 … 16, 1 … 256] with zeros behind and below. REQUIRES: x ends where the block does, up to a multiple of 32.
void pack_floats(const OpTable& ops, DType dtype, View<const float> x, int64_t block, int64_t cols, std::byte* strip);

// What a kernel is told about strip `index` of `weight`, packed at `strip`.
PackedStrip packed_strip(const WeightView& weight, int64_t index, const std::byte* strip);

}  // namespace sirocco
