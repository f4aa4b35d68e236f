// SPDX-License-Identifier: Apache-2.0
// Latent attention with vpmaddwd: 16-bit integers, two neighbours a step, sums in 32 bits; what the AVX-512 kernels
// do (avx512_vnni/latent_kernels.cc says why no sum overflows), with sixteen heads in two registers. Scores: heads
// in lanes, keys broadcast as they lie in the tile. Values: columns in lanes, two keys interleaved, probabilities
// broadcast.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/exp.h"
#include "ops/avx2/lanes.h"
#include "ops/avx2/tile.h"
#include "ops/latent_kernels.h"

namespace sirocco {
namespace {

constexpr int kScoreKeys = 4;  // at once; eight sums are what sixteen registers hold beside their operands

// Even elements of 16 bf16 (of each dword the lower half) and odd ones as float32.
inline __m256 even_floats(__m256i v) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
}
inline __m256 odd_floats(__m256i v) {
  return _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}
// Two halves of a dword: rounded `low` and `high`.
inline __m256i integers(__m256 low, __m256 high) {
  return _mm256_blend_epi16(_mm256_cvtps_epi32(low), _mm256_slli_epi32(_mm256_cvtps_epi32(high), 16), 0xaa);
}
// Sixteen numbers in order.
inline __m256i in_order(__m256 first, __m256 second) {
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_cvtps_epi32(first), _mm256_cvtps_epi32(second)), 0xd8);
}
inline float root(float x) {
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

inline __m256i load_columns(const uint16_t* row, int64_t k, int64_t width) {  // 16 of them
  if (width - k >= 16) return load(row + k);
  alignas(32) uint16_t some[16] = {};
  for (int64_t i = k; i < width; ++i) some[i - k] = row[i];
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(some));
}
inline __m256 load_floats(const float* row, int64_t k, int64_t width) {  // 8 of them
  return _mm256_maskload_ps(row + k, first_lanes(width - k));
}

void load_query(const float* query, int64_t width, int lane, LatentQueries* queries) {
  __m256 squares = _mm256_setzero_ps();
  for (int64_t k = 0; k < width; k += 8) {
    const __m256 x = load_floats(query, k, width);
    squares = _mm256_fmadd_ps(x, x, squares);
  }
  const float norm = root(sum_lanes(squares, _mm256_setzero_ps()));
  const __m256 scale = _mm256_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
  queries->scales[lane] = norm / kRowNorm;
  alignas(32) uint32_t narrow[8];
  uint32_t* out = queries->pairs + lane;
  for (int64_t k = 0; k < whole_steps(width); k += 16) {
    const __m256 a = _mm256_mul_ps(load_floats(query, k, width), scale);
    const __m256 b = _mm256_mul_ps(load_floats(query, k + 8, width), scale);
    store(narrow, in_order(a, b));
    for (int i = 0; i < 8; ++i, out += kHeadLanes) *out = narrow[i];
  }
}

// Rows l and l + 1 as pairs; of each 16 columns, those 0-3, 8-11 and then the others.
inline void interleave(const int16_t* keys, int64_t latent, int64_t stride, uint32_t* out) {
  for (int64_t c = 0; c < latent; c += 16) {
    const __m256i a = load(keys + c);
    const __m256i b = load(keys + stride + c);
    store(out + c, _mm256_unpacklo_epi16(a, b));
    store(out + c + 8, _mm256_unpackhi_epi16(a, b));
  }
}

// Zeros up to a whole number of score tiles, and the keys' values in pairs.
inline void complete(int count, int64_t latent, int64_t stride, LatentTile* tile) {
  int16_t* out = tile->keys + count * stride;
  const int padded = (count + kScoreKeys - 1) / kScoreKeys * kScoreKeys;
  for (int l = count; l < padded; ++l, out += stride) {
    for (int64_t k = 0; k < stride; k += 16) store(out + k, _mm256_setzero_si256());
    tile->scales[l] = 0.0f;
  }
  for (int l = 0; l < count; l += 2)
    interleave(tile->keys + l * stride, latent, stride, tile->values + l / 2 * latent);
}

void load_keys(const uint16_t* keys, int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int64_t stride = whole_steps(width);
  int16_t* out = tile->keys;
  for (int l = 0; l < count; ++l, keys += width, out += stride) {
    __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    for (int64_t k = 0; k < width; k += 16) {
      const __m256i v = load_columns(keys, k, width);
      even = _mm256_fmadd_ps(even_floats(v), even_floats(v), even);
      odd = _mm256_fmadd_ps(odd_floats(v), odd_floats(v), odd);
    }
    const float norm = root(sum_lanes(even, odd));
    const __m256 scale = _mm256_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
    tile->scales[l] = norm / kRowNorm;
    for (int64_t k = 0; k < stride; k += 16) {
      const __m256i v = k < width ? load_columns(keys, k, width) : _mm256_setzero_si256();
      store(out + k, integers(_mm256_mul_ps(even_floats(v), scale), _mm256_mul_ps(odd_floats(v), scale)));
    }
  }
  complete(count, latent, stride, tile);
}

// Eight codes as float32; a row's scales lie behind it, so that reading on is no harm.
inline __m256 code_floats(const int8_t* codes, int64_t k, int64_t end) {
  const __m256i wide = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + k)));
  return _mm256_cvtepi32_ps(_mm256_and_si256(wide, first_lanes(end - k)));
}

// Sum of the squares of codes [begin, end): integers below 2^24.
inline float squares_of(const int8_t* codes, int64_t begin, int64_t end) {
  __m256 sum = _mm256_setzero_ps();
  for (int64_t k = begin; k < end; k += 8)
    sum = _mm256_fmadd_ps(code_floats(codes, k, end), code_floats(codes, k, end), sum);
  return sum_lanes(sum, _mm256_setzero_ps());
}

void load_q8_keys(const uint8_t* rows, int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int64_t stride = whole_steps(width);
  int16_t* out = tile->keys;
  for (int l = 0; l < count; ++l, out += stride) {
    const auto* codes = reinterpret_cast<const int8_t*>(rows);
    float scales[2];
    __builtin_memcpy(scales, rows + width, sizeof scales);
    rows += width + static_cast<int64_t>(sizeof scales);
    const float squares = scales[0] * scales[0] * squares_of(codes, 0, latent) +
                          scales[1] * scales[1] * squares_of(codes, latent, width);
    const float norm = root(squares);
    const float scale = norm > 0.0f ? kRowNorm / norm : 0.0f;
    tile->scales[l] = norm / kRowNorm;
    const auto eight = [&](int64_t k, __m256 factor) {
      return k < width ? _mm256_mul_ps(code_floats(codes, k, width), factor) : _mm256_setzero_ps();
    };
    for (int64_t k = 0; k < stride; k += 16) {  // no step crosses `latent`, a multiple of 64
      const __m256 factor = _mm256_set1_ps(scale * scales[k < latent ? 0 : 1]);
      store(out + k, in_order(eight(k, factor), eight(k + 8, factor)));
    }
  }
  complete(count, latent, stride, tile);
}

// scores [4 keys, 16 heads]
inline void score_tile(const LatentQueries& queries, const int16_t* keys, const float* key_scales,
                       int64_t width, float* scores) {
  __m256i sum[kScoreKeys][2];
#pragma GCC unroll 4
  for (int l = 0; l < kScoreKeys; ++l) sum[l][0] = sum[l][1] = _mm256_setzero_si256();
  for (int64_t k = 0; k < width; k += 2) {
    const auto* q = reinterpret_cast<const __m256i*>(queries.pairs + kHeadLanes / 2 * k);
    const __m256i low = _mm256_load_si256(q), high = _mm256_load_si256(q + 1);
#pragma GCC unroll 4
    for (int l = 0; l < kScoreKeys; ++l) {
      const __m256i key = dword(keys + l * width + k);
      sum[l][0] = at_once(_mm256_add_epi32(sum[l][0], _mm256_madd_epi16(low, key)));
      sum[l][1] = at_once(_mm256_add_epi32(sum[l][1], _mm256_madd_epi16(high, key)));
    }
  }
#pragma GCC unroll 4
  for (int l = 0; l < kScoreKeys; ++l)
#pragma GCC unroll 2
    for (int h = 0; h < 2; ++h) {
      const __m256 score = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[l][h]), _mm256_load_ps(queries.scales + 8 * h));
      _mm256_store_ps(scores + kHeadLanes * l + 8 * h, _mm256_mul_ps(score, _mm256_set1_ps(key_scales[l])));
    }
}

// sums[4 heads, 16 columns] = sums · shrink + weight · Σ over pairs of keys.
inline void value_tile(const uint32_t* probabilities, const uint32_t* values, int pairs, int64_t latent,
                       const float* shrink, const float* weight, float* sums) {
  __m256i sum[4][2];
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h) sum[h][0] = sum[h][1] = _mm256_setzero_si256();
  for (int p = 0; p < pairs; ++p) {
    const auto* value = reinterpret_cast<const __m256i*>(values + p * latent);
    const __m256i low = _mm256_load_si256(value), high = _mm256_load_si256(value + 1);
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) {
      const __m256i probability = dword(probabilities + kHeadLanes * p + h);
      sum[h][0] = at_once(_mm256_add_epi32(sum[h][0], _mm256_madd_epi16(low, probability)));
      sum[h][1] = at_once(_mm256_add_epi32(sum[h][1], _mm256_madd_epi16(high, probability)));
    }
  }
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h)
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
      float* at = sums + h * latent + 8 * c;
      const __m256 old = _mm256_mul_ps(_mm256_loadu_ps(at), _mm256_set1_ps(shrink[h]));
      _mm256_storeu_ps(at, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[h][c]), _mm256_set1_ps(weight[h]), old));
    }
}

// Of eight heads, from `scores` on: max and total of the partial result, `shrink` for its sums, and the
// probabilities of `count` keys as integers times `weight`.
inline void soften(float* scores, const float* key_scales, int count, bool first, float* max_of, float* total_of,
                   uint32_t* probabilities, float* shrink, float* weight) {
  __m256 max = _mm256_load_ps(first ? scores : max_of);
  const __m256 old_max = max;
  for (int l = 0; l < count; ++l) max = _mm256_max_ps(max, _mm256_load_ps(scores + kHeadLanes * l));
  const __m256 factor = first ? _mm256_setzero_ps() : exp_lanes(_mm256_sub_ps(old_max, max));
  __m256 total = first ? _mm256_setzero_ps() : _mm256_mul_ps(_mm256_load_ps(total_of), factor);
  __m256 squares = _mm256_setzero_ps();  // of probabilities times their keys' scales, which are what is narrowed
  for (int l = 0; l < count; ++l) {
    const __m256 p = exp_lanes(_mm256_sub_ps(_mm256_load_ps(scores + kHeadLanes * l), max));
    total = _mm256_add_ps(total, p);
    const __m256 scaled = _mm256_mul_ps(p, _mm256_set1_ps(key_scales[l]));
    squares = _mm256_fmadd_ps(scaled, scaled, squares);
    _mm256_store_ps(scores + kHeadLanes * l, scaled);
  }
  const __m256 norm = _mm256_sqrt_ps(squares);
  const __m256 some = _mm256_cmp_ps(norm, _mm256_setzero_ps(), _CMP_GT_OQ);
  const __m256 scale = _mm256_and_ps(some, _mm256_div_ps(_mm256_set1_ps(kProbabilityNorm), norm));
  if (count % 2 != 0) _mm256_store_ps(scores + kHeadLanes * count, _mm256_setzero_ps());
  for (int l = 0; l < count; l += 2)
    store(probabilities + kHeadLanes * (l / 2),
          integers(_mm256_mul_ps(_mm256_load_ps(scores + kHeadLanes * l), scale),
                   _mm256_mul_ps(_mm256_load_ps(scores + kHeadLanes * (l + 1)), scale)));
  _mm256_store_ps(max_of, max);
  _mm256_store_ps(total_of, total);
  _mm256_store_ps(shrink, factor);
  _mm256_store_ps(weight, _mm256_mul_ps(norm, _mm256_set1_ps(1.0f / kProbabilityNorm)));
}

void add_keys(const LatentQueries* queries, const LatentTile* tile, int count, int64_t latent, int64_t width,
              bool first, LatentPartial* partial) {
  alignas(64) float scores[kKeyTile * kHeadLanes];
  alignas(64) uint32_t probabilities[kKeyTile / 2 * kHeadLanes];
  alignas(64) float shrink[kHeadLanes], weight[kHeadLanes];
  const int64_t stride = whole_steps(width);
  for (int l = 0; l < count; l += kScoreKeys)
    score_tile(*queries, tile->keys + l * stride, tile->scales + l, stride, scores + kHeadLanes * l);
  for (int h = 0; h < kHeadLanes; h += 8)
    soften(scores + h, tile->scales, count, first, partial->max + h, partial->total + h, probabilities + h,
           shrink + h, weight + h);
  if (first)
    for (int64_t i = 0; i < kHeadLanes * latent; i += 8)
      _mm256_storeu_ps(partial->sums + i, _mm256_setzero_ps());
  const int pairs = (count + 1) / 2;
  for (int64_t c = 0; c < latent; c += 16)
    for (int h = 0; h < kHeadLanes; h += 4)
      value_tile(probabilities + h, tile->values + c, pairs, latent, shrink + h, weight + h,
                 partial->sums + h * latent + c);
}

void merge(const LatentPartial* from, int64_t latent, LatentPartial* into) {
  alignas(32) float scale_from[kHeadLanes], scale_into[kHeadLanes];
  for (int h = 0; h < kHeadLanes; h += 8) {
    const __m256 a = _mm256_load_ps(into->max + h), b = _mm256_load_ps(from->max + h), max = _mm256_max_ps(a, b);
    const __m256 keep = exp_lanes(_mm256_sub_ps(a, max)), take = exp_lanes(_mm256_sub_ps(b, max));
    const __m256 kept = _mm256_mul_ps(_mm256_load_ps(into->total + h), keep);
    _mm256_store_ps(into->max + h, max);
    _mm256_store_ps(into->total + h, _mm256_fmadd_ps(_mm256_load_ps(from->total + h), take, kept));
    _mm256_store_ps(scale_into + h, keep);
    _mm256_store_ps(scale_from + h, take);
  }
  for (int h = 0; h < kHeadLanes; ++h)
    for (int64_t c = h * latent; c < (h + 1) * latent; c += 8) {
      const __m256 kept = _mm256_mul_ps(_mm256_loadu_ps(into->sums + c), _mm256_set1_ps(scale_into[h]));
      _mm256_storeu_ps(into->sums + c,
                       _mm256_fmadd_ps(_mm256_loadu_ps(from->sums + c), _mm256_set1_ps(scale_from[h]), kept));
    }
}

void finish(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride) {
  for (int h = 0; h < heads; ++h) {
    const __m256 inverse = _mm256_set1_ps(1.0f / partial->total[h]);
    for (int64_t c = 0; c < latent; c += 16) {
      const __m256 low = _mm256_mul_ps(_mm256_loadu_ps(partial->sums + h * latent + c), inverse);
      const __m256 high = _mm256_mul_ps(_mm256_loadu_ps(partial->sums + h * latent + c + 8), inverse);
      _mm256_storeu_ps(out + h * stride + c, _mm256_permute2f128_ps(low, high, 0x20));
      _mm256_storeu_ps(out + h * stride + c + 8, _mm256_permute2f128_ps(low, high, 0x31));
    }
  }
}

}  // namespace

constinit const LatentKernels kAvx2LatentKernels{.load_query = load_query,
                                                 .load_keys = load_keys,
                                                 .load_q8_keys = load_q8_keys,
                                                 .add_keys = add_keys,
                                                 .merge = merge,
                                                 .finish = finish};

}  // namespace sirocco
