// SPDX-License-Identifier: Apache-2.0
// Packed weights and what multiplies them. A strip is 16 rows of W with their bytes interleaved for dot
// products of four (or two) neighbours along k: a 64-byte line holds 4 bytes of each of the 16 rows, in the
// order of the file's blocks, so that a strip is no larger than its rows were (src/ops/pack.h). The layout is
// the same for every instruction set. Activations are narrowed into records of 256 columns.
// One arithmetic per format: what a token's row of y is does not depend on how many tokens share the tile.
// This header is part of the contract that ISA files include.
#pragma once

#include <cstdint>

#include "ops/cpu_features.h"
#include "tensor/dtype.h"

namespace sirocco {

inline constexpr int kStripRows = 16;
inline constexpr int kRecordColumns = 256;
inline constexpr int kMemoryBoundTokens = 2;  // at most so many always wait for memory
inline constexpr int kMaxTile = 12;      // tokens that one call of any kernel without most_tokens multiplies
inline constexpr int kLargestTile = 64;  // of those that take more (PackedKernel::most_tokens)

// Tile sizes that kernels are made for.
inline constexpr bool is_tile_size(int tokens) {
  return (tokens >= 1 && tokens <= 6) || tokens == 8 || tokens == 10 || tokens == 12;
}

enum class RecordKind : uint8_t {
  int8_per_32,   // one scale for 32 columns: the legacy block types and four-bit floats
  int8_per_256,  // one scale for 256 columns: the K types, whose group scales are integers
  bf16,
  f32,
  int16_per_256,  // one scale for 256 columns, from their Euclidean norm
  bf16_pair,      // rounded to bf16, and what that lacks in bf16 again
};
inline constexpr int kRecordKinds = 6;
inline constexpr bool is_int8(RecordKind kind) {
  return kind == RecordKind::int8_per_32 || kind == RecordKind::int8_per_256;
}

// x ≈ scale · code. Sums are of codes, those that a table's own kernels use; columns past the matrix are zero.
struct alignas(64) Int8Record {  // so that no tile of codes straddles cache lines
  int8_t codes[kRecordColumns];
  float scales[8];  // of 32 columns each; per_256: [0] holds for all
  int16_t sums_32[8];
  alignas(64) int16_t sums_16[16];
  int32_t negative_sums_32[8];  // -Σ codes of 32: times an offset, it removes the offset from unsigned codes
  int32_t negative_sums_16[16];
  // AVX2, whose sums are of 16 bits: of each 16, -Σ of columns 0 and 1 modulo 4, and of the others.
  int16_t negative_pairs_16[16][2];
};
static_assert(sizeof(Int8Record) == 512);

struct Bf16Record {
  uint16_t values[kRecordColumns];
};

struct F32Record {
  float values[kRecordColumns];
};

struct alignas(64) Bf16PairRecord {
  uint16_t upper[kRecordColumns], lower[kRecordColumns];
  uint8_t apart[64];  // so that the same column of neighbouring records falls into different sets of the cache
};
inline constexpr int kLargestRecord = sizeof(Bf16PairRecord);

inline constexpr float kRowNorm = 32767.0f;  // of a row of 16-bit integers

// x ≈ scale · code, where the codes' norm is at most kRowNorm and some rounding: |q · k| <= |q| |k| then keeps every
// sum over 256 columns of two such rows below 2^31, whatever they hold. The rounding is 1.4e-4 of the row's
// root mean square, an eighth of bf16's. Columns past the matrix are zero, up to a multiple of 32.
struct Int16Record {
  int16_t codes[kRecordColumns];
  float scale;
};

struct PackedStrip {
  const uint8_t* lines;   // blocks, one after the other
  const uint8_t* scales;  // [blocks, 16] f16, f32 or codes, for types that keep them apart; else null
  int64_t cols;
  float multiplier;  // of the whole matrix
  int rows;          // that exist, at most 16; of none nothing is stored
  // What to bring into the second cache meanwhile; null: nothing.
  const uint8_t* ahead = nullptr;
  int64_t ahead_lines = 0;  // of 64 bytes
};

struct PackedKernel {
  DType dtype;
  RecordKind records;
  // y[t, 0 … rows) = strip · x[t]. records: [ceil(cols / 256), tokens]. REQUIRES: takes(tokens).
  void (*multiply)(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride);
  int most_tokens = kMaxTile;  // more: tiles of every size up to it, for what is unpacked once a tile
  int best_multiple = 1;       // of tokens, for tiles that are not the last
  // The same for `count` strips of equal columns, 16 columns of y apart, where they had best share what they read of x.
  void (*multiply_strips)(const PackedStrip* strips, int count, const void* records, int tokens, float* y,
                          int64_t y_stride) = nullptr;
  void run(const PackedStrip* strips, int count, const void* x, int tokens, float* y, int64_t y_stride) const {
    if (multiply_strips != nullptr) return multiply_strips(strips, count, x, tokens, y, y_stride);
    for (int j = 0; j < count; ++j) multiply(strips[j], x, tokens, y + kStripRows * j, y_stride);
  }
  bool asks_ahead = false;  // heeds PackedStrip::ahead, for more than two tokens
  constexpr bool takes(int tokens) const {
    return is_tile_size(tokens) || (most_tokens > kMaxTile && tokens >= 1 && tokens <= most_tokens);
  }
};

// Kernels that an instruction set adds to those of the tables before it.
struct PackedKernels {
  const PackedKernel* kernels;
  int count;
  // x[cols] into records `stride` records apart.
  void (*to_int8)(const float* x, int64_t cols, RecordKind kind, Int8Record* records, int64_t stride) = nullptr;
  // The same for kernels of 16-bit integers.
  void (*to_int16)(const float* x, int64_t cols, Int16Record* records, int64_t stride) = nullptr;
  // Runs the set's dot product from registers alone, `rounds` times; returns the operations done. The roof
  // that products are compared with.
  int64_t (*spin)(int64_t rounds);
};

extern const PackedKernels kAvx2Int8Kernels;
extern const PackedKernels kAvx2FloatKernels;
extern const PackedKernels kAvx2Int16Kernels;
extern const PackedKernels kAvxVnniKernels;
extern const PackedKernels kAvx512FloatKernels;
extern const PackedKernels kAvx512VnniKernels;
extern const PackedKernels kAvx512VnniFarKernels;  // for cores that ask for lines from afar as well
extern const PackedKernels kAvx512VnniInt16Kernels;
extern const PackedKernels kAvx512Bf16Kernels;
extern const PackedKernels kAmxInt8Kernels;
extern const PackedKernels kAmxBf16Kernels;
extern const PackedKernels kNeonFloatKernels;
extern const PackedKernels kNeonDotprodKernels;
extern const PackedKernels kNeonI8mmKernels;

}  // namespace sirocco
