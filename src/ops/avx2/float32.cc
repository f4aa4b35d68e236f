// SPDX-License-Identifier: Apache-2.0
// The float32 kernels in AVX2 with FMA: two registers are the 16 partial sums of the definition.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/exp.h"
#include "ops/avx2/lanes.h"
#include "ops/table.h"

namespace sirocco {
namespace {

constexpr int kLanes = 8;

// T rows of x against R rows of w, sixteen partial sums each.
template <int T, int R>
inline void product_tile(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t size,
                         float* y, int64_t y_stride) {
  __m256 sum[T][R][2];
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r) sum[t][r][0] = sum[t][r][1] = _mm256_setzero_ps();
  int64_t k = 0;
  for (; k + 2 * kLanes <= size; k += 2 * kLanes)
    for (int half = 0; half < 2; ++half) {
      __m256 row[R];
      for (int r = 0; r < R; ++r) row[r] = _mm256_loadu_ps(w + r * w_stride + k + half * kLanes);
      for (int t = 0; t < T; ++t) {
        const __m256 value = _mm256_loadu_ps(x + t * x_stride + k + half * kLanes);
        for (int r = 0; r < R; ++r) sum[t][r][half] = _mm256_fmadd_ps(value, row[r], sum[t][r][half]);
      }
    }
  for (int half = 0; k < size && half < 2; ++half, k += kLanes) {
    const __m256i mask = first_lanes(size - k);
    for (int t = 0; t < T; ++t)
      for (int r = 0; r < R; ++r)
        sum[t][r][half] = _mm256_fmadd_ps(_mm256_maskload_ps(x + t * x_stride + k, mask),
                                          _mm256_maskload_ps(w + r * w_stride + k, mask), sum[t][r][half]);
  }
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r) y[t * y_stride + r] = sum_lanes(sum[t][r][0], sum[t][r][1]);
}

template <int T>
inline void product_rows(const float* x, int64_t x_stride, View<const float> w, float* y, int64_t y_stride) {
  int64_t r = 0;
  for (; r + 2 <= w.rows; r += 2)
    product_tile<T, 2>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
  for (; r < w.rows; ++r)
    product_tile<T, 1>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
}

void product(View<const float> x, View<const float> w, View<float> y) {
  int64_t t = 0;
  for (; t + 3 <= x.rows; t += 3)
    product_rows<3>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
  for (; t < x.rows; ++t)
    product_rows<1>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
}

template <int T>
inline void accumulate_tile(const float* p, int64_t p_stride, int64_t count, const float* v, int64_t v_stride,
                            __m256i mask, float* y, int64_t y_stride) {
  __m256 sum[T];
  for (int t = 0; t < T; ++t) sum[t] = _mm256_maskload_ps(y + t * y_stride, mask);
  for (int64_t l = 0; l < count; ++l) {
    const __m256 row = _mm256_maskload_ps(v + l * v_stride, mask);
    for (int t = 0; t < T; ++t) sum[t] = _mm256_fmadd_ps(_mm256_set1_ps(p[t * p_stride + l]), row, sum[t]);
  }
  for (int t = 0; t < T; ++t) _mm256_maskstore_ps(y + t * y_stride, mask, sum[t]);
}

void accumulate(View<const float> p, View<const float> v, View<float> y) {
  for (int64_t c = 0; c < v.cols; c += kLanes) {
    const __m256i mask = first_lanes(v.cols - c);
    int64_t t = 0;
    for (; t + 8 <= p.rows; t += 8)
      accumulate_tile<8>(p.data + t * p.stride, p.stride, p.cols, v.data + c, v.stride, mask,
                         y.data + t * y.stride + c, y.stride);
    for (; t < p.rows; ++t)
      accumulate_tile<1>(p.data + t * p.stride, p.stride, p.cols, v.data + c, v.stride, mask,
                         y.data + t * y.stride + c, y.stride);
  }
}

void rms_norm(const float* x, const float* w, int64_t size, float eps, float* y) {
  float squares = 0.0f;
  product_tile<1, 1>(x, 0, x, 0, size, &squares, 0);
  const float mean = squares / static_cast<float>(size);
  const __m256 inverse = _mm256_set1_ps(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean + eps))));
  for (int64_t i = 0; i < size; i += kLanes) {
    const __m256i mask = first_lanes(size - i);
    const __m256 scaled = _mm256_mul_ps(_mm256_maskload_ps(x + i, mask), inverse);
    _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(scaled, _mm256_maskload_ps(w + i, mask)));
  }
}

void swiglu(const float* gate, const float* up, int64_t size, float* y) {
  const __m256 one = _mm256_set1_ps(1.0f), limit = _mm256_set1_ps(88.0f);
  for (int64_t i = 0; i < size; i += kLanes) {
    const __m256i mask = first_lanes(size - i);
    const __m256 g = _mm256_maskload_ps(gate + i, mask);
    const __m256 e = exp_lanes(_mm256_min_ps(limit, _mm256_sub_ps(_mm256_setzero_ps(), g)));
    const __m256 silu = _mm256_div_ps(g, _mm256_add_ps(one, e));
    _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(silu, _mm256_maskload_ps(up + i, mask)));
  }
}

float largest(const float* x, int64_t size) {
  if (size < kLanes) return kScalarOps.largest(x, size);
  __m256 most = _mm256_loadu_ps(x + size - kLanes);  // the rest, and some of what comes before it
  for (int64_t i = 0; i + kLanes <= size; i += kLanes) most = _mm256_max_ps(most, _mm256_loadu_ps(x + i));
  float lanes[kLanes];
  _mm256_storeu_ps(lanes, most);
  return kScalarOps.largest(lanes, kLanes);
}

float exp_minus(float* x, int64_t size, float max) {
  __m256 sum[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
  for (int64_t i = 0; i < size; i += kLanes) {
    const __m256i mask = first_lanes(size - i);
    const __m256 e = exp_lanes(_mm256_sub_ps(_mm256_maskload_ps(x + i, mask), _mm256_set1_ps(max)));
    _mm256_maskstore_ps(x + i, mask, e);
    __m256& half = sum[i / kLanes % 2];
    half = _mm256_add_ps(half, _mm256_and_ps(e, _mm256_castsi256_ps(mask)));
  }
  return sum_lanes(sum[0], sum[1]);
}

void bf16_to_f32(const uint16_t* x, int64_t size, float* y) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const __m128i narrow = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(narrow), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), wide);
  }
  kScalarOps.bf16_to_f32(x + i, size - i, y + i);
}

// To nearest, ties to even; NaN stays a (quiet) NaN.
void f32_to_bf16(const float* x, int64_t size, uint16_t* y) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const __m256 value = _mm256_loadu_ps(x + i);
    const __m256i bits = _mm256_castps_si256(value);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    const __m128i packed = _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), packed);
  }
  kScalarOps.f32_to_bf16(x + i, size - i, y + i);
}

}  // namespace

constinit const OpTable kAvx2Ops{
    .name = "avx2",
    .needs = {.avx2 = true},
    .product = product,
    .accumulate = accumulate,
    .rms_norm = rms_norm,
    .swiglu = swiglu,
    .largest = largest,
    .exp_minus = exp_minus,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
};

}  // namespace sirocco
