// SPDX-License-Identifier: Apache-2.0
// Packed bf16 and e4m3 weights with bf16 tiles, for any number of tokens. An activation is the sum of two bf16, rounded
// and what it lacks, either of which meets the same tile of weights: sixteen bits at half the speed, which few tokens
// an expert do not notice. A token's sum over all columns never leaves its tile. The instruction flushes denormals; an
// e4m3 denormal is a normal bf16.
#include <immintrin.h>

#include <cstdint>

#include "ops/amx/tiles.h"
#include "ops/avx512/e4m3.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kFewTokens = 4, kMostTokens = 64;
static_assert(kMostTokens == 4 * kTileRows && kMostTokens <= kLargestTile);
constexpr int kStep = 32;  // columns of a tile

// Each says where the tiles of `steps` times 32 columns at w are, maybe in `room`, and asks for lines to come.
struct Bf16 {
  static constexpr DType kType = DType::bf16;
  static constexpr int kBytes = 1024;  // of 32 columns
  static const uint8_t* tiles(const uint8_t* w, int, uint8_t*) { return w; }
  template <bool Few>
  static void ask_for(const uint8_t* w) {
#pragma GCC unroll 16
    for (int i = 0; i < kBytes; i += 64) {
      if constexpr (Few)
        __builtin_prefetch(w + 2048 + i);
      else
        __builtin_prefetch(w + 8192 + i, 0, 2);
    }
  }
};

// A dword holds columns 0, 2, 1, 3, so that even and odd bytes are the pairs (0, 1) and (2, 3).
struct E4m3 {
  static constexpr DType kType = DType::f8_e4m3;
  static constexpr int kBytes = 512, kAhead = 1024;
  static const uint8_t* tiles(const uint8_t* w, int steps, uint8_t* room) {
    for (int i = 0; i < 8 * steps; ++i) {
      const __m512i v = _mm512_loadu_si512(w + 64 * i);
      __builtin_prefetch(w + kAhead + 64 * i);
      _mm512_store_si512(room + 128 * i, bf16_from_e4m3(v));
      _mm512_store_si512(room + 128 * i + 64, bf16_from_e4m3(_mm512_srli_epi16(v, 8)));
    }
    return room;
  }
  template <bool Few>
  static void ask_for(const uint8_t*) {}
};

// Tile I += a tile of tokens · the tile of weights in register 6.
template <int I>
inline void add(const Bf16PairRecord* x, int column) {
  _tile_loadd(4, x->upper + column, sizeof(Bf16PairRecord));
  _tile_loadd(5, x->lower + column, sizeof(Bf16PairRecord));
  add_product_bf16<I, 4, 6>();
  add_product_bf16<I, 5, 6>();
}

// Count tiles of tokens. Few: weights come as fast as memory gives them, and had best be asked for shortly before.
template <class F, int Count, bool Few = false>
void multiply_tiles(const PackedStrip& strip, const Bf16PairRecord* x, const TokenTiles& tiles, float* sums) {
  const Tiles shapes(tiles.rows, kTileBytes);
  _tile_zero(0);
  if constexpr (Count > 1) _tile_zero(1);
  if constexpr (Count > 2) _tile_zero(2);
  if constexpr (Count > 3) _tile_zero(3);
  const uint8_t* w = strip.lines;
  alignas(4096) uint8_t room[kRecordColumns / kStep * kTileSize];
  for (int64_t begin = 0; begin < strip.cols; begin += kRecordColumns, x += tiles.tokens) {
    const int64_t here = strip.cols - begin < kRecordColumns ? strip.cols - begin : kRecordColumns;
    const int steps = static_cast<int>(here / kStep);
    const uint8_t* weights = F::tiles(w, steps, room);
    stores_first();
    for (int step = 0; step < steps; ++step, w += F::kBytes, weights += kTileSize) {
      F::template ask_for<Few>(w);
      load_weights<6>(weights);
      add<0>(x + tiles.first(0), kStep * step);
      if constexpr (Count > 1) add<1>(x + tiles.first(1), kStep * step);
      if constexpr (Count > 2) add<2>(x + tiles.first(2), kStep * step);
      if constexpr (Count > 3) add<3>(x + tiles.first(3), kStep * step);
    }
  }
  _tile_stored(0, sums + kStripRows * tiles.first(0), kTileBytes);
  if constexpr (Count > 1) _tile_stored(1, sums + kStripRows * tiles.first(1), kTileBytes);
  if constexpr (Count > 2) _tile_stored(2, sums + kStripRows * tiles.first(2), kTileBytes);
  if constexpr (Count > 3) _tile_stored(3, sums + kStripRows * tiles.first(3), kTileBytes);
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Bf16PairRecord*>(records);
  const TokenTiles tiles(tokens);
  alignas(64) float sums[kMostTokens * kStripRows];
  constexpr void (*kBySize[])(const PackedStrip&, const Bf16PairRecord*, const TokenTiles&, float*) = {
      multiply_tiles<F, 1>, multiply_tiles<F, 2>, multiply_tiles<F, 3>, multiply_tiles<F, 4>};
  (tokens <= kFewTokens ? multiply_tiles<F, 1, true> : kBySize[tiles.count - 1])(strip, x, tiles, sums);
  const __mmask16 mask = static_cast<__mmask16>((1u << strip.rows) - 1u);
  const __m512 multiplier = _mm512_set1_ps(strip.multiplier);
  for (int t = 0; t < tokens; ++t)
    _mm512_mask_storeu_ps(y + t * y_stride, mask, _mm512_mul_ps(_mm512_load_ps(sums + kStripRows * t), multiplier));
}

template <class F>
constexpr PackedKernel kernel() {
  return {F::kType, RecordKind::bf16_pair, multiply<F>, kMostTokens, kTileRows};
}

int64_t spin(int64_t rounds) {
  return spin_tiles(rounds, kStep, [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  });
}

constexpr PackedKernel kKernels[] = {kernel<Bf16>(), kernel<E4m3>()};

}  // namespace

constinit const PackedKernels kAmxBf16Kernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .spin = spin};

}  // namespace sirocco
