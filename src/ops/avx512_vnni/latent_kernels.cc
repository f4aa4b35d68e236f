// SPDX-License-Identifier: Apache-2.0
// Latent attention with vpdpwssd: 16-bit integers, two neighbours a step, sums in 32 bits. A row's scale
// comes from its Euclidean norm, since |q · k| <= |q| |k| then bounds every sum: 32767² fits, whatever the
// row looks like. The error is some 2e-4 of a row's typical element, a tenth of bf16's. Scores: heads in
// lanes, keys broadcast as they lie in the tile. Values: columns in lanes, two keys interleaved,
// probabilities broadcast.
#include <immintrin.h>

#include <cstdint>
#include <type_traits>

#include "ops/avx512/columns.h"
#include "ops/avx512/exp.h"
#include "ops/avx512/latent_partial.h"
#include "ops/avx512/lines_ahead.h"
#include "ops/latent_kernels.h"

namespace sirocco {
namespace {

constexpr int kScoreKeys = 16;  // at once: twice the latency of the instruction, and a divisor of kKeyTile

inline __m512i broadcast_pair(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return _mm512_set1_epi32(value);
}

// Even elements of 32 bf16 (of each dword the lower half) and odd ones as float32.
inline __m512 even_floats(__m512i v) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
}
inline __m512 odd_floats(__m512i v) {
  return _mm512_castsi512_ps(_mm512_and_si512(v, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
}
// Two halves of a dword: rounded `low` and `high`.
inline __m512i integers(__m512 low, __m512 high) {
  const __m512i a = _mm512_cvtps_epi32(low), b = _mm512_slli_epi32(_mm512_cvtps_epi32(high), 16);
  return _mm512_mask_blend_epi16(0xaaaaaaaau, a, b);
}

inline __m512i load_columns(const uint16_t* row, int64_t k, int64_t width) {
  return _mm512_maskz_loadu_epi16(columns_from(k, width), row + k);
}
inline __m512 load_floats(const float* row, int64_t k, int64_t width) {  // 16 of them
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(columns_from(k, width)), row + k);
}

void load_query(const float* query, int64_t width, int lane, LatentQueries* queries) {
  __m512 squares = _mm512_setzero_ps();
  for (int64_t k = 0; k < width; k += 16) {
    const __m512 x = load_floats(query, k, width);
    squares = _mm512_fmadd_ps(x, x, squares);
  }
  const float norm = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(_mm512_reduce_add_ps(squares))));
  const __m512 scale = _mm512_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
  queries->scales[lane] = norm / kRowNorm;
  alignas(64) uint32_t narrow[16];
  uint32_t* out = queries->pairs + lane;
  for (int64_t k = 0; k < width; k += 32) {
    const __m512 a = _mm512_mul_ps(load_floats(query, k, width), scale);
    const __m512 b = _mm512_mul_ps(load_floats(query, k + 16, width), scale);
    const __m512i low = _mm512_castsi256_si512(_mm512_cvtepi32_epi16(_mm512_cvtps_epi32(a)));
    _mm512_store_si512(narrow, _mm512_inserti64x4(low, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(b)), 1));
    for (int i = 0; i < 16; ++i, out += kHeadLanes) *out = narrow[i];
  }
}

// Of a tile's `ahead`.
constexpr int kLinesAKey = 4, kLinesATurn = 2;

// Rows l and l + 1 as pairs; of each 32 columns, those 0-3, 8-11, 16-19, 24-27 and then the others.
inline void interleave(const int16_t* keys, int64_t latent, int64_t width, uint32_t* out) {
  for (int64_t c = 0; c < latent; c += 32) {
    const __m512i a = _mm512_loadu_si512(keys + c), b = _mm512_loadu_si512(keys + width + c);
    _mm512_store_si512(out + c, _mm512_unpacklo_epi16(a, b));
    _mm512_store_si512(out + c + 16, _mm512_unpackhi_epi16(a, b));
  }
}

// Zeros up to a whole number of score tiles, and the keys' values in pairs.
inline void complete(int count, int64_t latent, int64_t stride, LatentTile* tile) {
  int16_t* out = tile->keys + count * stride;
  const int padded = (count + kScoreKeys - 1) / kScoreKeys * kScoreKeys;
  for (int l = count; l < padded; ++l, out += stride) {
    for (int64_t k = 0; k < stride; k += 32) _mm512_storeu_si512(out + k, _mm512_setzero_si512());
    tile->scales[l] = 0.0f;
  }
  for (int l = 0; l < count; l += 2)
    interleave(tile->keys + l * stride, latent, stride, tile->values + l / 2 * latent);
}

void load_keys(const uint16_t* keys, int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int64_t stride = whole_steps(width);
  int16_t* out = tile->keys;
  LinesAhead ahead(tile->ahead, tile->ahead_lines);
  for (int l = 0; l < count; ++l, keys += width, out += stride) {
    ahead.ask(kLinesAKey);
    __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
    for (int64_t k = 0; k < width; k += 32) {
      const __m512i v = load_columns(keys, k, width);
      even = _mm512_fmadd_ps(even_floats(v), even_floats(v), even);
      odd = _mm512_fmadd_ps(odd_floats(v), odd_floats(v), odd);
    }
    const float squares = _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
    const float norm = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(squares)));
    const __m512 scale = _mm512_set1_ps(norm > 0.0f ? kRowNorm / norm : 0.0f);
    tile->scales[l] = norm / kRowNorm;
    for (int64_t k = 0; k < width; k += 32) {
      const __m512i v = load_columns(keys, k, width);
      _mm512_storeu_si512(
          out + k, integers(_mm512_mul_ps(even_floats(v), scale), _mm512_mul_ps(odd_floats(v), scale)));
    }
  }
  complete(count, latent, stride, tile);
}

// Sum of the squares of codes [begin, end), in integers.
inline float squares_of(const int8_t* codes, int64_t begin, int64_t end) {
  __m512i sum = _mm512_setzero_si512();
  for (int64_t k = begin; k < end; k += 32) {
    const __m512i v = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(columns_from(k, end), codes + k));
    sum = _mm512_dpwssd_epi32(sum, v, v);
  }
  return static_cast<float>(_mm512_reduce_add_epi32(sum));
}

void load_q8_keys(const uint8_t* rows, int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int64_t stride = whole_steps(width);
  int16_t* out = tile->keys;
  LinesAhead ahead(tile->ahead, tile->ahead_lines);
  for (int l = 0; l < count; ++l, out += stride) {
    ahead.ask(kLinesAKey);
    const auto* codes = reinterpret_cast<const int8_t*>(rows);
    float scales[2];
    __builtin_memcpy(scales, rows + width, sizeof scales);
    rows += width + static_cast<int64_t>(sizeof scales);
    const float squares = scales[0] * scales[0] * squares_of(codes, 0, latent) +
                          scales[1] * scales[1] * squares_of(codes, latent, width);
    const float norm = _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(squares)));
    const float scale = norm > 0.0f ? kRowNorm / norm : 0.0f;
    tile->scales[l] = norm / kRowNorm;
    for (int64_t k = 0; k < stride; k += 16) {  // no step crosses `latent`, a multiple of 64
      const auto mask = static_cast<__mmask16>(columns_from(k, width));
      const __m512 values = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, codes + k)));
      const __m512 wide = _mm512_mul_ps(values, _mm512_set1_ps(scale * scales[k < latent ? 0 : 1]));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + k),
                          _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(wide)));
    }
  }
  complete(count, latent, stride, tile);
}

// scores [16 keys, 16 heads]. Width is an integer, or a constant one: then the keys need no sixteen pointers.
template <class Width>
inline void score_tile(const LatentQueries& queries, const int16_t* keys, const float* key_scales,
                       Width width, LinesAhead& ahead, float* scores) {
  constexpr int kPairs = 8;  // a turn: g++ copies every sum once a turn
  __m512i sum[kScoreKeys];
#pragma GCC unroll 16
  for (int l = 0; l < kScoreKeys; ++l) sum[l] = _mm512_setzero_si512();
  for (int64_t begin = 0; begin < width; begin += 2 * kPairs) {
    ahead.ask(kLinesATurn);
#pragma GCC unroll 8
    for (int k = 0; k < 2 * kPairs; k += 2) {
      const __m512i q = _mm512_load_si512(queries.pairs + kHeadLanes / 2 * (begin + k));
#pragma GCC unroll 16
      for (int l = 0; l < kScoreKeys; ++l)
        sum[l] = _mm512_dpwssd_epi32(sum[l], q, broadcast_pair(keys + l * width + begin + k));
    }
  }
  const __m512 query_scales = _mm512_load_ps(queries.scales);
#pragma GCC unroll 16
  for (int l = 0; l < kScoreKeys; ++l)
    _mm512_store_ps(scores + kHeadLanes * l,
                    _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum[l]), query_scales),
                                  _mm512_set1_ps(key_scales[l])));
}

// sum += probabilities · values of `Pairs` pairs of keys.
template <int Pairs>
inline void add_pairs(const uint32_t* probabilities, const uint32_t* values, int64_t latent, __m512i (&sum)[4][4]) {
#pragma GCC unroll 4
  for (int p = 0; p < Pairs; ++p) {
    __m512i value[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) value[c] = _mm512_load_si512(values + p * latent + 16 * c);
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) {
      const __m512i probability = broadcast_pair(probabilities + kHeadLanes * p + h);
#pragma GCC unroll 4
      for (int c = 0; c < 4; ++c) sum[h][c] = _mm512_dpwssd_epi32(sum[h][c], probability, value[c]);
    }
  }
}

// sums[4 heads, 64 columns] = sums · shrink + weight · Σ over pairs of keys.
inline void value_tile(const uint32_t* probabilities, const uint32_t* values, int pairs, int64_t latent,
                       const float* shrink, const float* weight, LinesAhead& ahead, float* sums) {
  constexpr int kPairs = 4;  // a turn: g++ copies every sum once a turn
  __m512i sum[4][4];
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) sum[h][c] = _mm512_setzero_si512();
  for (; pairs >= kPairs; pairs -= kPairs, probabilities += kPairs * kHeadLanes, values += kPairs * latent) {
    ahead.ask(kLinesATurn);
    add_pairs<kPairs>(probabilities, values, latent, sum);
  }
  for (; pairs > 0; --pairs, probabilities += kHeadLanes, values += latent)
    add_pairs<1>(probabilities, values, latent, sum);
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      float* at = sums + h * latent + 16 * c;
      const __m512 old = _mm512_mul_ps(_mm512_loadu_ps(at), _mm512_set1_ps(shrink[h]));
      _mm512_storeu_ps(at, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[h][c]), _mm512_set1_ps(weight[h]), old));
    }
}

void add_keys(const LatentQueries* queries, const LatentTile* tile, int count, int64_t latent, int64_t width,
              bool first, LatentPartial* partial) {
  alignas(64) float scores[kKeyTile * kHeadLanes];
  alignas(64) uint32_t probabilities[kKeyTile / 2 * kHeadLanes];
  alignas(64) float shrink[kHeadLanes], weight[kHeadLanes];
  const int64_t stride = whole_steps(width);
  constexpr std::integral_constant<int64_t, 320> kPublished;
  LinesAhead ahead(tile->ahead, tile->ahead_lines);
  for (int l = 0; l < count; l += kScoreKeys) {
    if (stride == kPublished)
      score_tile(*queries, tile->keys + l * kPublished, tile->scales + l, kPublished, ahead,
                 scores + kHeadLanes * l);
    else
      score_tile(*queries, tile->keys + l * stride, tile->scales + l, stride, ahead, scores + kHeadLanes * l);
  }

  __m512 max = first ? _mm512_load_ps(scores) : _mm512_load_ps(partial->max);
  const __m512 old_max = max;
  for (int l = 0; l < count; ++l) max = _mm512_max_ps(max, _mm512_load_ps(scores + kHeadLanes * l));
  const __m512 factor = first ? _mm512_setzero_ps() : exp_lanes(_mm512_sub_ps(old_max, max));
  __m512 total = first ? _mm512_setzero_ps() : _mm512_mul_ps(_mm512_load_ps(partial->total), factor);
  __m512 squares =
      _mm512_setzero_ps();  // of probabilities times their keys' scales, which are what is narrowed
  for (int l = 0; l < count; ++l) {
    const __m512 p = exp_lanes(_mm512_sub_ps(_mm512_load_ps(scores + kHeadLanes * l), max));
    total = _mm512_add_ps(total, p);
    const __m512 scaled = _mm512_mul_ps(p, _mm512_set1_ps(tile->scales[l]));
    squares = _mm512_fmadd_ps(scaled, scaled, squares);
    _mm512_store_ps(scores + kHeadLanes * l, scaled);
  }
  const __m512 norm = _mm512_sqrt_ps(squares);
  const __mmask16 some = _mm512_cmp_ps_mask(norm, _mm512_setzero_ps(), _CMP_GT_OQ);
  const __m512 scale = _mm512_maskz_div_ps(some, _mm512_set1_ps(kProbabilityNorm), norm);
  if (count % 2 != 0) _mm512_store_ps(scores + kHeadLanes * (count & 63), _mm512_setzero_ps());
  for (int l = 0; l < count; l += 2)
    _mm512_store_si512(probabilities + kHeadLanes * (l / 2),
                       integers(_mm512_mul_ps(_mm512_load_ps(scores + kHeadLanes * l), scale),
                                _mm512_mul_ps(_mm512_load_ps(scores + kHeadLanes * (l + 1)), scale)));
  _mm512_store_ps(partial->max, max);
  _mm512_store_ps(partial->total, total);
  _mm512_store_ps(shrink, factor);
  _mm512_store_ps(weight, _mm512_mul_ps(norm, _mm512_set1_ps(1.0f / kProbabilityNorm)));
  if (first)
    for (int64_t i = 0; i < kHeadLanes * latent; i += 16)
      _mm512_storeu_ps(partial->sums + i, _mm512_setzero_ps());

  const int pairs = (count + 1) / 2;
  for (int64_t c = 0; c + 64 <= latent; c += 64)
    for (int h = 0; h < kHeadLanes; h += 4)
      value_tile(probabilities + h, tile->values + c, pairs, latent, shrink + h, weight + h, ahead,
                 partial->sums + h * latent + c);
}

}  // namespace

constinit const LatentKernels kAvx512VnniLatentKernels{.load_query = load_query,
                                                       .load_keys = load_keys,
                                                       .load_q8_keys = load_q8_keys,
                                                       .add_keys = add_keys,
                                                       .merge = merge,
                                                       .finish = finish};

}  // namespace sirocco
