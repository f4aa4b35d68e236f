// SPDX-License-Identifier: Apache-2.0
// Latent attention with vpmaddwd: the arithmetic of the AVX-512 VNNI kernels, whose file says why rows are narrowed
// as they are, in half the lanes. Scores: heads in lanes, keys broadcast as they lie in the tile. Values: columns in
// lanes, two keys interleaved, probabilities broadcast.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/exp.h"
#include "ops/latent_kernels.h"

namespace sirocco {
namespace {

constexpr float kRowNorm = 32767.0f;
constexpr float kProbabilityNorm = 8000.0f;  // times 8, the root of a tile's keys, and times 32767 it stays below 2^31
constexpr int kScoreKeys = 4;                // at once: with two halves of the heads, eight sums

inline __m256i load(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline void store(void* p, __m256i v) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), v);
}
inline __m256i broadcast_pair(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return _mm256_set1_epi32(value);
}
inline __m256i add_products(__m256i sum, __m256i a, __m256i b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

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

inline float sum_lanes(__m256 v) {
  const __m128 a = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 b = _mm_add_ps(a, _mm_movehl_ps(a, a));
  return _mm_cvtss_f32(_mm_add_ss(b, _mm_shuffle_ps(b, b, 1)));
}
inline float root(float x) {
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

// Rows of tiles and queries are as long as whole steps of 16 columns; what lies behind `width` is zero.
constexpr int64_t kStep = 16;
inline int64_t whole_steps(int64_t width) {
  return (width + kStep - 1) / kStep * kStep;
}
// Elements [k, k + count) of a row, with zeros behind `width`.
template <class Element, int Count>
struct Columns {
  alignas(32) Element copy[Count] = {};
  const Element* at;
  Columns(const Element* row, int64_t k, int64_t width) : at(row + k) {
    if (k + Count <= width) return;
    if (k < width) __builtin_memcpy(copy, row + k, static_cast<size_t>(width - k) * sizeof(Element));
    at = copy;
  }
};

void load_query(const float* query, int64_t width, int lane, LatentQueries* queries) {
  __m256 squares = _mm256_setzero_ps();
  for (int64_t k = 0; k < width; k += 8) {
    const __m256 x = _mm256_loadu_ps(Columns<float, 8>(query, k, width).at);
    squares = _mm256_fmadd_ps(x, x, squares);
  }
  const float norm = root(sum_lanes(squares));
  const __m256 scale = _mm256_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
  queries->scales[lane] = norm / kRowNorm;
  alignas(32) uint32_t narrow[8];
  uint32_t* out = queries->pairs + lane;
  for (int64_t k = 0; k < width; k += kStep) {
    const Columns<float, 16> columns(query, k, width);
    const __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(columns.at), scale));
    const __m256i b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(columns.at + 8), scale));
    store(narrow, _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8));
    for (int i = 0; i < 8; ++i, out += kHeadLanes) *out = narrow[i];
  }
}

// Rows l and l + 1 as pairs; of each 16 columns, those 0-3, 8-11 and then the others.
inline void interleave(const int16_t* keys, int64_t latent, int64_t width, uint32_t* out) {
  for (int64_t c = 0; c < latent; c += 16) {
    const __m256i a = load(keys + c), b = load(keys + width + c);
    store(out + c, _mm256_unpacklo_epi16(a, b));
    store(out + c + 8, _mm256_unpackhi_epi16(a, b));
  }
}

// Zeros up to a whole number of score tiles, and the keys' values in pairs.
inline void complete(int count, int64_t latent, int64_t stride, LatentTile* tile) {
  int16_t* out = tile->keys + count * stride;
  const int padded = (count + kScoreKeys - 1) / kScoreKeys * kScoreKeys;
  for (int l = count; l < padded; ++l, out += stride) {
    for (int64_t k = 0; k < stride; k += kStep) store(out + k, _mm256_setzero_si256());
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
    for (int64_t k = 0; k < width; k += kStep) {
      const __m256i v = load(Columns<uint16_t, 16>(keys, k, width).at);
      even = _mm256_fmadd_ps(even_floats(v), even_floats(v), even);
      odd = _mm256_fmadd_ps(odd_floats(v), odd_floats(v), odd);
    }
    const float norm = root(sum_lanes(_mm256_add_ps(even, odd)));
    const __m256 scale = _mm256_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
    tile->scales[l] = norm / kRowNorm;
    for (int64_t k = 0; k < width; k += kStep) {
      const __m256i v = load(Columns<uint16_t, 16>(keys, k, width).at);
      store(out + k, integers(_mm256_mul_ps(even_floats(v), scale), _mm256_mul_ps(odd_floats(v), scale)));
    }
  }
  complete(count, latent, stride, tile);
}

inline __m256i wide_codes(const int8_t* row, int64_t k, int64_t width) {  // sixteen in 16 bits
  return _mm256_cvtepi8_epi16(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(Columns<int8_t, 16>(row, k, width).at)));
}

// Sum of the squares of codes [begin, end), in integers.
inline float squares_of(const int8_t* codes, int64_t begin, int64_t end) {
  __m256i sum = _mm256_setzero_si256();
  for (int64_t k = begin; k < end; k += kStep) {
    const __m256i v = wide_codes(codes, k, end);
    sum = add_products(sum, v, v);
  }
  return sum_lanes(_mm256_cvtepi32_ps(sum));
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
    for (int64_t k = 0; k < stride; k += kStep) {  // no step crosses `latent`, a multiple of 64
      const __m256 factor = _mm256_set1_ps(scale * scales[k < latent ? 0 : 1]);
      const __m256i v = wide_codes(codes, k, width);
      const __m256 low = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_castsi256_si128(v)));
      const __m256 high = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(_mm256_extracti128_si256(v, 1)));
      const __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(low, factor));
      const __m256i b = _mm256_cvtps_epi32(_mm256_mul_ps(high, factor));
      store(out + k, _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8));
    }
  }
  complete(count, latent, stride, tile);
}

// scores [4 keys, 16 heads]
inline void score_tile(const LatentQueries& queries, const int16_t* keys, const float* key_scales, int64_t width,
                       float* scores) {
  __m256i sum[kScoreKeys][2];
#pragma GCC unroll 4
  for (int l = 0; l < kScoreKeys; ++l) sum[l][0] = sum[l][1] = _mm256_setzero_si256();
  for (int64_t k = 0; k < width; k += 2) {
    const uint32_t* q = queries.pairs + kHeadLanes / 2 * k;
    const __m256i low = load(q), high = load(q + 8);
#pragma GCC unroll 4
    for (int l = 0; l < kScoreKeys; ++l) {
      const __m256i key = broadcast_pair(keys + l * width + k);
      sum[l][0] = add_products(sum[l][0], low, key);
      sum[l][1] = add_products(sum[l][1], high, key);
    }
  }
#pragma GCC unroll 4
  for (int l = 0; l < kScoreKeys; ++l)
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const __m256 scaled =
          _mm256_mul_ps(_mm256_cvtepi32_ps(sum[l][half]), _mm256_loadu_ps(queries.scales + 8 * half));
      _mm256_storeu_ps(scores + kHeadLanes * l + 8 * half, _mm256_mul_ps(scaled, _mm256_set1_ps(key_scales[l])));
    }
}

// sums[4 heads, 16 columns] = sums · shrink + weight · Σ over pairs of keys.
inline void value_tile(const uint32_t* probabilities, const uint32_t* values, int pairs, int64_t latent,
                       const float* shrink, const float* weight, float* sums) {
  __m256i sum[4][2];
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h) sum[h][0] = sum[h][1] = _mm256_setzero_si256();
  for (int p = 0; p < pairs; ++p) {
    const __m256i first = load(values + p * latent), second = load(values + p * latent + 8);
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) {
      const __m256i probability = broadcast_pair(probabilities + kHeadLanes * p + h);
      sum[h][0] = add_products(sum[h][0], probability, first);
      sum[h][1] = add_products(sum[h][1], probability, second);
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

// What the scores of eight heads become. scores [count, 16] and probabilities [count / 2, 16]: of the first of them.
inline void softmax(float* scores, const float* key_scales, int count, bool first, float* partial_max,
                    float* partial_total, uint32_t* probabilities, float* shrink, float* weight) {
  const auto row = [&](int l) { return scores + kHeadLanes * l; };
  const __m256 old_max = _mm256_loadu_ps(first ? scores : partial_max);
  __m256 max = old_max;
  for (int l = 0; l < count; ++l) max = _mm256_max_ps(max, _mm256_loadu_ps(row(l)));
  const __m256 factor = first ? _mm256_setzero_ps() : exp_lanes(_mm256_sub_ps(old_max, max));
  __m256 total = first ? _mm256_setzero_ps() : _mm256_mul_ps(_mm256_loadu_ps(partial_total), factor);
  __m256 squares = _mm256_setzero_ps();  // of probabilities times their keys' scales, which are what is narrowed
  for (int l = 0; l < count; ++l) {
    const __m256 p = exp_lanes(_mm256_sub_ps(_mm256_loadu_ps(row(l)), max));
    total = _mm256_add_ps(total, p);
    const __m256 scaled = _mm256_mul_ps(p, _mm256_set1_ps(key_scales[l]));
    squares = _mm256_fmadd_ps(scaled, scaled, squares);
    _mm256_storeu_ps(row(l), scaled);
  }
  const __m256 norm = _mm256_sqrt_ps(squares);
  const __m256 some = _mm256_cmp_ps(norm, _mm256_setzero_ps(), _CMP_GT_OQ);
  const __m256 scale = _mm256_and_ps(some, _mm256_div_ps(_mm256_set1_ps(kProbabilityNorm), norm));
  if (count % 2 != 0) _mm256_storeu_ps(row(count), _mm256_setzero_ps());  // there is room: kKeyTile is even
  for (int l = 0; l < count; l += 2)
    store(probabilities + kHeadLanes * (l / 2), integers(_mm256_mul_ps(_mm256_loadu_ps(row(l)), scale),
                                                         _mm256_mul_ps(_mm256_loadu_ps(row(l + 1)), scale)));
  _mm256_storeu_ps(partial_max, max);
  _mm256_storeu_ps(partial_total, total);
  _mm256_storeu_ps(shrink, factor);
  _mm256_storeu_ps(weight, _mm256_mul_ps(norm, _mm256_set1_ps(1.0f / kProbabilityNorm)));
}

void add_keys(const LatentQueries* queries, const LatentTile* tile, int count, int64_t latent, int64_t width,
              bool first, LatentPartial* partial) {
  alignas(32) float scores[kKeyTile * kHeadLanes];
  alignas(32) uint32_t probabilities[kKeyTile / 2 * kHeadLanes];
  alignas(32) float shrink[kHeadLanes], weight[kHeadLanes];
  const int64_t stride = whole_steps(width);
  for (int l = 0; l < count; l += kScoreKeys)
    score_tile(*queries, tile->keys + l * stride, tile->scales + l, stride, scores + kHeadLanes * l);
  for (int h = 0; h < kHeadLanes; h += 8)
    softmax(scores + h, tile->scales, count, first, partial->max + h, partial->total + h, probabilities + h,
            shrink + h, weight + h);
  if (first)
    for (int64_t i = 0; i < kHeadLanes * latent; i += 8) _mm256_storeu_ps(partial->sums + i, _mm256_setzero_ps());
  const int pairs = (count + 1) / 2;
  for (int64_t c = 0; c < latent; c += 16)
    for (int h = 0; h < kHeadLanes; h += 4)
      value_tile(probabilities + h, tile->values + c, pairs, latent, shrink + h, weight + h,
                 partial->sums + h * latent + c);
}

void merge(const LatentPartial* from, int64_t latent, LatentPartial* into) {
  alignas(32) float scale_from[kHeadLanes], scale_into[kHeadLanes];
  for (int h = 0; h < kHeadLanes; h += 8) {
    const __m256 a = _mm256_loadu_ps(into->max + h), b = _mm256_loadu_ps(from->max + h), max = _mm256_max_ps(a, b);
    const __m256 keep = exp_lanes(_mm256_sub_ps(a, max)), take = exp_lanes(_mm256_sub_ps(b, max));
    _mm256_storeu_ps(into->max + h, max);
    _mm256_storeu_ps(into->total + h,
                     _mm256_fmadd_ps(_mm256_loadu_ps(from->total + h), take,
                                     _mm256_mul_ps(_mm256_loadu_ps(into->total + h), keep)));
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
