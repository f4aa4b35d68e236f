// SPDX-License-Identifier: Apache-2.0
// Latent attention with bf16 tiles: keys and values as the cache holds them, queries and probabilities rounded. Scores:
// keys in rows, heads in columns, so that sixteen heads share every instruction of the softmax; for the values the
// probabilities change places. Two groups of heads at a time share what is read of a page.
#include <immintrin.h>

#include <cstdint>

#include "ops/amx/tiles.h"
#include "ops/avx512/columns.h"
#include "ops/avx512/latent_partial.h"
#include "ops/latent_kernels.h"

namespace sirocco {
namespace {

constexpr int kStepKeys = 32;  // of one product with values
constexpr int kTileWords = kTileSize / 4;

inline __m256i to_bf16(__m512 x) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
}
inline __m512 from_bf16(__m256i x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
}
// Two vectors side by side in dwords, `first` below.
inline __m512i pairs_of(__m256i first, __m256i second) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

void load_query(const float* query, int64_t width, int lane, LatentQueries* queries) {
  uint32_t* out = queries->pairs + lane;
  for (int64_t k = 0; k < width; k += 32) {
    alignas(64) uint16_t bits[32];
    const __mmask32 mask = columns_from(k, width);
    for (int half = 0; half < 2; ++half) {
      const __m512 x = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> (16 * half)), query + k + 16 * half);
      _mm256_store_si256(reinterpret_cast<__m256i*>(bits + 16 * half), to_bf16(x));
    }
    for (int i = 0; i < 32; i += 2, out += kHeadLanes) __builtin_memcpy(out, bits + i, 4);
  }
}

// Where the 32 columns from k on of key l lie: tiles [16 keys, 32 columns] one after the other, first along k, so that
// the processor's prefetching sees a stream.
inline int16_t* step_of(LatentTile* tile, int l, int64_t k, int64_t width) {
  return tile->keys + l / kTileRows * kTileRows * whole_steps(width) + k * kTileRows + l % kTileRows * 32;
}

// Zeros up to whole steps of keys, and values in pairs of neighbouring keys, in tiles [64 keys, 16 columns]; of each 32
// columns, the first tile has those 0-3, 8-11, 16-19, 24-27.
inline void complete(int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int padded = (count + kStepKeys - 1) / kStepKeys * kStepKeys;
  for (int l = count; l < padded; ++l)
    for (int64_t k = 0; k < width; k += 32) _mm512_storeu_si512(step_of(tile, l, k, width), _mm512_setzero_si512());
  for (int l = 0; l < padded; l += 2)
    for (int64_t c = 0; c < latent; c += 32) {
      const int16_t* keys = step_of(tile, l, c, width);
      const __m512i a = _mm512_loadu_si512(keys), b = _mm512_loadu_si512(keys + 32);
      uint32_t* out = tile->values + (c * kKeyTile + 16 * l) / 2;
      _mm512_store_si512(out, _mm512_unpacklo_epi16(a, b));
      _mm512_store_si512(out + kKeyTile / 2 * 16, _mm512_unpackhi_epi16(a, b));
    }
}

void load_keys(const uint16_t* keys, int count, int64_t latent, int64_t width, LatentTile* tile) {
  for (int l = 0; l < count; ++l, keys += width)
    for (int64_t k = 0; k < width; k += 32)
      _mm512_storeu_si512(step_of(tile, l, k, width), _mm512_maskz_loadu_epi16(columns_from(k, width), keys + k));
  complete(count, latent, width, tile);
}

void load_q8_keys(const uint8_t* rows, int count, int64_t latent, int64_t width, LatentTile* tile) {
  for (int l = 0; l < count; ++l) {
    const auto* codes = reinterpret_cast<const int8_t*>(rows);
    float scales[2];
    __builtin_memcpy(scales, rows + width, sizeof scales);
    rows += width + static_cast<int64_t>(sizeof scales);
    for (int64_t k = 0; k < width; k += 32) {  // no step crosses `latent`, a multiple of 64
      const __mmask32 mask = columns_from(k, width);
      const __m512 scale = _mm512_set1_ps(scales[k < latent ? 0 : 1]);
      int16_t* out = step_of(tile, l, k, width);
      for (int half = 0; half < 2; ++half, out += 16) {
        const auto here = static_cast<__mmask16>(mask >> (16 * half));
        const __m128i bytes = _mm_maskz_loadu_epi8(here, codes + k + 16 * half);
        const __m512 values = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), to_bf16(_mm512_mul_ps(values, scale)));
      }
    }
  }
  complete(count, latent, width, tile);
}

constexpr int kRunKeys = kRunTiles * kKeyTile;
using Scores = float[kRunKeys][kHeadLanes];

// Scores of each group of heads, two tiles of keys at a time; keys behind `count` are zeros or unused.
template <int Groups>
inline void multiply_queries(const LatentQueries* queries, const LatentTile* tiles, int count, int64_t width,
                             Scores* scores) {
  constexpr int kStep = kTileRows * 32;  // numbers of a tile
  const int64_t steps = whole_steps(width) / 32;
  for (int l = 0; l < count; l += kStepKeys) {
    const int16_t* keys = tiles[l / kKeyTile].keys + l % kKeyTile * 32 * steps;
    const int16_t* later = keys + kStep * steps;
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (Groups > 1) {
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int64_t k = 0; k < steps; ++k) {
      load_weights<4>(keys + kStep * k);
      load_weights<5>(later + kStep * k);
      load_weights<6>(queries[0].pairs + kTileWords * k);
      if constexpr (Groups > 1) load_weights<7>(queries[1].pairs + kTileWords * k);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 5, 6);
      if constexpr (Groups > 1) {
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    _tile_stored(0, scores[0][l], kTileBytes);
    _tile_stored(1, scores[0][l + kTileRows], kTileBytes);
    if constexpr (Groups > 1) {
      _tile_stored(2, scores[1][l], kTileBytes);
      _tile_stored(3, scores[1][l + kTileRows], kTileBytes);
    }
  }
}

// Dwords [16, 16] change rows and columns.
inline void transpose(const __m512i (&in)[16], uint32_t* out) {
  __m512i a[16], b[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    a[2 * i] = _mm512_unpacklo_epi32(in[2 * i], in[2 * i + 1]);
    a[2 * i + 1] = _mm512_unpackhi_epi32(in[2 * i], in[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    b[i] = _mm512_unpacklo_epi64(a[i], a[i + 2]);
    b[i + 1] = _mm512_unpackhi_epi64(a[i], a[i + 2]);
    b[i + 2] = _mm512_unpacklo_epi64(a[i + 1], a[i + 3]);
    b[i + 3] = _mm512_unpackhi_epi64(a[i + 1], a[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // b[4 j + i]: columns i, 4 + i, 8 + i and 12 + i of rows 4 j … 4 j + 3
    const __m512i even = _mm512_shuffle_i32x4(b[i], b[4 + i], 0x88), odd = _mm512_shuffle_i32x4(b[i], b[4 + i], 0xdd);
    const __m512i even_later = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0x88);
    const __m512i odd_later = _mm512_shuffle_i32x4(b[8 + i], b[12 + i], 0xdd);
    _mm512_store_si512(out + 16 * i, _mm512_shuffle_i32x4(even, even_later, 0x88));
    _mm512_store_si512(out + 16 * (4 + i), _mm512_shuffle_i32x4(odd, odd_later, 0x88));
    _mm512_store_si512(out + 16 * (8 + i), _mm512_shuffle_i32x4(even, even_later, 0xdd));
    _mm512_store_si512(out + 16 * (12 + i), _mm512_shuffle_i32x4(odd, odd_later, 0xdd));
  }
}

// exp(x) for x <= 0, to the precision that bf16 keeps: the cubic is within 7.5e-5 of 2^r.
inline __m512 exp_rounded(__m512 x) {
  const __m512 y = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), n = _mm512_roundscale_ps(y, 0);
  const __m512 r = _mm512_sub_ps(y, n);
  __m512 e = _mm512_set1_ps(5.517166e-2f);
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(2.4261112e-1f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(6.9326099e-1f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(9.9992807e-1f));
  return _mm512_scalef_ps(e, n);
}

// Probabilities by head and key, [16, 32] for each 32 keys; two keys a dword.
struct alignas(64) Probabilities {
  uint32_t of_step[kRunKeys / kStepKeys][kTileWords];
};

// The total is of rounded probabilities, so that what they weigh is a mean.
inline void softmax(const Scores& scores, int count, LatentPartial& partial, Probabilities& probabilities) {
  __m512 max = _mm512_load_ps(scores[0]);
  for (int l = 1; l < count; ++l) max = _mm512_max_ps(max, _mm512_load_ps(scores[l]));
  __m512 total = _mm512_setzero_ps();
  const auto next = [&](int l) {
    if (l >= count) return _mm256_setzero_si256();
    const __m256i p = to_bf16(exp_rounded(_mm512_sub_ps(_mm512_load_ps(scores[l]), max)));
    total = _mm512_add_ps(total, from_bf16(p));
    return p;
  };
  for (int step = 0; kStepKeys * step < count; ++step) {
    __m512i pairs[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      const __m256i earlier = next(kStepKeys * step + 2 * i);
      pairs[i] = pairs_of(earlier, next(kStepKeys * step + 2 * i + 1));
    }
    transpose(pairs, probabilities.of_step[step]);
  }
  _mm512_store_ps(partial.max, max);
  _mm512_store_ps(partial.total, total);
}

// sums [16 heads, latent] of each group = probabilities · values, 32 columns at a time.
template <int Groups>
inline void multiply_values(const Probabilities* p, const LatentTile* tiles, int count, int64_t latent,
                            LatentPartial* partials) {
  constexpr int64_t kColumns = kKeyTile / 2 * 16;  // dwords of 16 columns
  const int64_t row_bytes = 4 * latent;
  for (int64_t c = 0; c < latent; c += 32) {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (Groups > 1) {
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int step = 0; kStepKeys * step < count; ++step) {
      const uint32_t* values = tiles[step / 2].values + c / 16 * kColumns + step % 2 * kTileWords;
      load_weights<4>(p[0].of_step[step]);
      if constexpr (Groups > 1) load_weights<5>(p[1].of_step[step]);
      load_weights<6>(values);
      load_weights<7>(values + kColumns);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (Groups > 1) {
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    _tile_stored(0, partials[0].sums + c, row_bytes);
    _tile_stored(1, partials[0].sums + c + 16, row_bytes);
    if constexpr (Groups > 1) {
      _tile_stored(2, partials[1].sums + c, row_bytes);
      _tile_stored(3, partials[1].sums + c + 16, row_bytes);
    }
  }
}

template <int Groups>
void attend(const LatentQueries* queries, const LatentTile* tiles, int count, int64_t latent, int64_t width,
            LatentPartial* partials) {
  alignas(64) Scores scores[Groups];
  Probabilities probabilities[Groups];
  const Tiles shapes(kTileRows, kTileBytes);
  multiply_queries<Groups>(queries, tiles, count, width, scores);
  for (int g = 0; g < Groups; ++g) softmax(scores[g], count, partials[g], probabilities[g]);
  multiply_values<Groups>(probabilities, tiles, count, latent, partials);
}

void add_run(const LatentQueries* queries, int groups, const LatentTile* tiles, int count, int64_t latent,
             int64_t width, LatentPartial* partials) {
  for (; groups > 1; groups -= 2, queries += 2, partials += 2)
    attend<2>(queries, tiles, count, latent, width, partials);
  if (groups > 0) attend<1>(queries, tiles, count, latent, width, partials);
}

}  // namespace

constinit const LatentKernels kAmxLatentKernels{.load_query = load_query,
                                                .load_keys = load_keys,
                                                .load_q8_keys = load_q8_keys,
                                                .add_run = add_run,
                                                .merge = merge,
                                                .finish = finish};

}  // namespace sirocco
