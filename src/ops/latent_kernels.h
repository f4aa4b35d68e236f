// SPDX-License-Identifier: Apache-2.0
// Absorbed latent attention over a cache in bf16 or q8, sixteen heads at once (contract of ISA files).
//   s[h, l] = q[h, :] · keys[l, :];  sums[h, c] += Σ_l exp(s[h, l] - max) keys[l, c], c < latent
// Queries and keys are narrowed to 16-bit integers with a scale a row, or with tiles (AMX) to bf16; a tile of keys is
// narrowed once and then serves every query. A partial result covers a fixed run of keys; partial results are merged in
// ascending order, so that neither threads nor other rows change a bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/packed.h"

namespace sirocco {

inline constexpr int kHeadLanes = 16;
inline constexpr int kKeyTile = 64;      // most keys of one call: a page
inline constexpr int kRunTiles = 8;      // of keys that make a partial result
inline constexpr int kMostLatent = 512;  // C <= this, C % 64 == 0
// Of the probabilities of one tile: times 8, the root of its keys, and times kRowNorm it stays below 2^31.
inline constexpr float kProbabilityNorm = 8000.0f;
inline constexpr int kMostWidth = 640;   // C + R <= this

// Rows of tiles and queries are as long as whole steps of 32 columns; what lies behind `width` is zero.
inline constexpr int64_t whole_steps(int64_t width) {
  return (width + 31) / 32 * 32;
}

// Sixteen heads' queries of one row. W: whole_steps(width).
struct alignas(64) LatentQueries {
  // [W / 2, 16]: neighbours along k, the earlier one below; on NEON 16-bit [W, 16]; for tiles bf16.
  uint32_t pairs[kMostWidth / 2 * kHeadLanes];
  float scales[kHeadLanes];                     // q ≈ scale · integer
};

struct alignas(64) LatentTile {
  int16_t keys[kKeyTile * kMostWidth];  // [count, width]
  // [count / 2, C]: two keys each, columns in the kernel's order; not on NEON.
  uint32_t values[kKeyTile / 2 * kMostLatent];
  float scales[kKeyTile];  // of both: key ≈ scale · integer
  // What a call brings into the second cache meanwhile, or not: the next page's rows.
  const std::byte* ahead = nullptr;
  int64_t ahead_lines = 0;  // of 64 bytes
};

struct alignas(64) LatentPartial {
  float max[kHeadLanes], total[kHeadLanes];
  float sums[kHeadLanes * kMostLatent];  // [16, C], columns in the kernel's own order until finish()
};

struct LatentKernels {
  // query [width], scaled, becomes lane `lane`. Lanes that nobody fills must be zero.
  void (*load_query)(const float* query, int64_t width, int lane, LatentQueries* queries);
  // keys: [count, width] bf16. REQUIRES: 0 < count <= kKeyTile. Memory behind key `count` is not used,
  // whatever it holds.
  void (*load_keys)(const uint16_t* keys, int count, int64_t latent, int64_t width, LatentTile* tile);
  // The same from rows of `width` int8 codes, a float32 scale of the first `latent` and one of the others.
  void (*load_q8_keys)(const uint8_t* rows, int count, int64_t latent, int64_t width, LatentTile* tile);
  // The first `count` keys of the tile. `first`: the partial result starts here.
  void (*add_keys)(const LatentQueries* queries, const LatentTile* tile, int count, int64_t latent,
                   int64_t width, bool first, LatentPartial* partial) = nullptr;
  // Instead of add_keys, where it is not null: the first `count` keys of tiles that are full but for the last, at most
  // kRunTiles of them, and all of a partial result, for groups of heads that are neighbours.
  void (*add_run)(const LatentQueries* queries, int groups, const LatentTile* tiles, int count, int64_t latent,
                  int64_t width, LatentPartial* partials) = nullptr;
  // into = into merged with `from`, whose keys come later.
  void (*merge)(const LatentPartial* from, int64_t latent, LatentPartial* into);
  // out[h, c] = sums / total, heads `stride` apart, columns in their natural order; `heads` <= 16.
  void (*finish)(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride);
};

extern const LatentKernels kAvx2LatentKernels;
extern const LatentKernels kAvx512VnniLatentKernels;
extern const LatentKernels kAmxLatentKernels;
extern const LatentKernels kNeonLatentKernels;

}  // namespace sirocco
