// SPDX-License-Identifier: Apache-2.0
// Latent attention with vdpbf16ps. Scores: heads in lanes, keys broadcast as they lie in the cache. Values:
// columns in lanes, two keys interleaved, probabilities broadcast; the interleaving (6 % of the work) is the
// only movement of the cache.
#include "ops/latent_kernels.h"

#include <immintrin.h>

#include <cstdint>

namespace sirocco {
namespace {

inline __m512bh broadcast_pair(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(value));
}
inline __m512bh load_pairs(const void* p) {
  return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p));
}

// e^x for x <= 0: 2^n · e^r with |r| <= ln 2 / 2 and a polynomial of degree 6; below -87.3 it is 0.
inline __m512 exp_lanes(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 e = _mm512_set1_ps(1.3981999507e-3f);
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(8.3334519073e-3f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(4.1665795894e-2f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(1.6666665459e-1f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(5.0000001201e-1f));
  e = _mm512_fmadd_ps(_mm512_mul_ps(r, r), e, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  const __mmask16 normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.3f), _CMP_GE_OQ);
  return _mm512_maskz_scalef_ps(normal, e, n);
}

// scores [count, 16] of eight keys or one.
template <int Keys>
inline void score_tile(const uint32_t* queries, const uint16_t* keys, int64_t width, float* scores) {
  __m512 sum[Keys];
#pragma GCC unroll 8
  for (int l = 0; l < Keys; ++l) sum[l] = _mm512_setzero_ps();
  for (int64_t k = 0; k < width; k += 2) {
    const __m512bh q = load_pairs(queries + 8 * k);
#pragma GCC unroll 8
    for (int l = 0; l < Keys; ++l) sum[l] = _mm512_dpbf16_ps(sum[l], q, broadcast_pair(keys + l * width + k));
  }
#pragma GCC unroll 8
  for (int l = 0; l < Keys; ++l) _mm512_store_ps(scores + kHeadLanes * l, sum[l]);
}

// Rows l and l + 1 as pairs; of each 32 columns, those 0-3, 8-11, 16-19, 24-27 and then the others.
inline void interleave(const uint16_t* keys, int count, int64_t latent, int64_t width, uint32_t* out) {
  for (int l = 0; l < count; l += 2)
    for (int64_t c = 0; c < latent; c += 32) {
      const __m512i a = _mm512_loadu_si512(keys + l * width + c);
      const __m512i b =
          l + 1 < count ? _mm512_loadu_si512(keys + (l + 1) * width + c) : _mm512_setzero_si512();
      uint32_t* to = out + l / 2 * latent + c;
      _mm512_store_si512(to, _mm512_unpacklo_epi16(a, b));
      _mm512_store_si512(to + 16, _mm512_unpackhi_epi16(a, b));
    }
}

// sums[4 heads, 64 columns] = sums · shrink + Σ over pairs of keys.
inline void value_tile(const uint32_t* probabilities, const uint32_t* values, int pairs, int64_t latent,
                       const float* shrink, float* sums) {
  __m512 sum[4][4];
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c)
      sum[h][c] = _mm512_mul_ps(_mm512_loadu_ps(sums + h * latent + 16 * c), _mm512_set1_ps(shrink[h]));
  for (int p = 0; p < pairs; ++p) {
    __m512bh value[4];
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) value[c] = load_pairs(values + p * latent + 16 * c);
#pragma GCC unroll 4
    for (int h = 0; h < 4; ++h) {
      const __m512bh probability = broadcast_pair(probabilities + kHeadLanes * p + h);
#pragma GCC unroll 4
      for (int c = 0; c < 4; ++c) sum[h][c] = _mm512_dpbf16_ps(sum[h][c], probability, value[c]);
    }
  }
#pragma GCC unroll 4
  for (int h = 0; h < 4; ++h)
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) _mm512_storeu_ps(sums + h * latent + 16 * c, sum[h][c]);
}

inline __m512i narrow(__m512 v) {  // bf16 in the low half of each dword
  return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v)));
}

void add_keys(const uint32_t* queries, const uint16_t* keys, int count, int64_t latent, int64_t width,
              bool first, LatentPartial* partial) {
  alignas(64) float scores[(kKeyTile + 1) * kHeadLanes];
  alignas(64) uint32_t probabilities[kKeyTile / 2 * kHeadLanes];
  alignas(64) uint32_t values[kKeyTile / 2 * kMostLatent];
  alignas(64) float shrink[kHeadLanes];
  int done = 0;
  for (; done + 8 <= count; done += 8)
    score_tile<8>(queries, keys + done * width, width, scores + kHeadLanes * done);
  for (; done < count; ++done) score_tile<1>(queries, keys + done * width, width, scores + kHeadLanes * done);

  __m512 max = first ? _mm512_load_ps(scores) : _mm512_loadu_ps(partial->max);
  const __m512 old_max = max;
  for (int l = 0; l < count; ++l) max = _mm512_max_ps(max, _mm512_load_ps(scores + kHeadLanes * l));
  const __m512 factor = first ? _mm512_setzero_ps() : exp_lanes(_mm512_sub_ps(old_max, max));
  __m512 total = first ? _mm512_setzero_ps() : _mm512_mul_ps(_mm512_loadu_ps(partial->total), factor);
  for (int l = 0; l < count; l += 2) {
    const __m512 a = exp_lanes(_mm512_sub_ps(_mm512_load_ps(scores + kHeadLanes * l), max));
    const __m512 b = l + 1 < count
                         ? exp_lanes(_mm512_sub_ps(_mm512_load_ps(scores + kHeadLanes * (l + 1)), max))
                         : _mm512_setzero_ps();
    total = _mm512_add_ps(total, _mm512_add_ps(a, b));
    _mm512_store_si512(probabilities + kHeadLanes * (l / 2),
                       _mm512_or_si512(narrow(a), _mm512_slli_epi32(narrow(b), 16)));
  }
  _mm512_storeu_ps(partial->max, max);
  _mm512_storeu_ps(partial->total, total);
  _mm512_store_ps(shrink, factor);
  if (first)
    for (int64_t i = 0; i < kHeadLanes * latent; i += 16)
      _mm512_storeu_ps(partial->sums + i, _mm512_setzero_ps());

  interleave(keys, count, latent, width, values);
  const int pairs = (count + 1) / 2;
  for (int64_t c = 0; c + 64 <= latent; c += 64)
    for (int h = 0; h < kHeadLanes; h += 4)
      value_tile(probabilities + h, values + c, pairs, latent, shrink + h, partial->sums + h * latent + c);
}

void merge(const LatentPartial* from, int64_t latent, LatentPartial* into) {
  alignas(64) float scale_from[kHeadLanes], scale_into[kHeadLanes];
  const __m512 a = _mm512_loadu_ps(into->max), b = _mm512_loadu_ps(from->max), max = _mm512_max_ps(a, b);
  const __m512 keep = exp_lanes(_mm512_sub_ps(a, max)), take = exp_lanes(_mm512_sub_ps(b, max));
  _mm512_storeu_ps(into->max, max);
  _mm512_storeu_ps(into->total, _mm512_fmadd_ps(_mm512_loadu_ps(from->total), take,
                                                _mm512_mul_ps(_mm512_loadu_ps(into->total), keep)));
  _mm512_store_ps(scale_into, keep);
  _mm512_store_ps(scale_from, take);
  for (int h = 0; h < kHeadLanes; ++h)
    for (int64_t c = h * latent; c < (h + 1) * latent; c += 16)
      _mm512_storeu_ps(
          into->sums + c,
          _mm512_fmadd_ps(_mm512_loadu_ps(from->sums + c), _mm512_set1_ps(scale_from[h]),
                          _mm512_mul_ps(_mm512_loadu_ps(into->sums + c), _mm512_set1_ps(scale_into[h]))));
}

void finish(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride) {
  for (int h = 0; h < heads; ++h) {
    const __m512 inverse = _mm512_set1_ps(1.0f / partial->total[h]);
    for (int64_t c = 0; c < latent; c += 32) {
      const __m512 low = _mm512_mul_ps(_mm512_loadu_ps(partial->sums + h * latent + c), inverse);
      const __m512 high = _mm512_mul_ps(_mm512_loadu_ps(partial->sums + h * latent + c + 16), inverse);
      const __m512i front = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
      const __m512i back = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
      _mm512_storeu_ps(out + h * stride + c, _mm512_permutex2var_ps(low, front, high));
      _mm512_storeu_ps(out + h * stride + c + 16, _mm512_permutex2var_ps(low, back, high));
    }
  }
}

}  // namespace

constinit const LatentKernels kAvx512LatentKernels{.add_keys = add_keys, .merge = merge, .finish = finish};

}  // namespace sirocco
