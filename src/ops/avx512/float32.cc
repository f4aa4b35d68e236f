// SPDX-License-Identifier: Apache-2.0
// The float32 kernels in AVX-512: one register is the 16 partial sums of the definition.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/exp.h"
#include "ops/table.h"

namespace sirocco {
namespace {

constexpr int kLanes = 16;

inline __mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>((1u << count) - 1u);
}

// Lanes i and i + 8, then i + 4, i + 2, i + 1: the order of the definition.
inline float sum_lanes(__m512 v) {
  const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}

// T rows of x against R rows of w, sixteen partial sums each.
template <int T, int R>
inline void product_tile(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int64_t size,
                         float* y, int64_t y_stride) {
  __m512 sum[T][R];
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r) sum[t][r] = _mm512_setzero_ps();
  for (int64_t k = 0; k < size; k += kLanes) {
    const __mmask16 mask = size - k >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - k);
    __m512 row[R];
    for (int r = 0; r < R; ++r) row[r] = _mm512_maskz_loadu_ps(mask, w + r * w_stride + k);
    for (int t = 0; t < T; ++t) {
      const __m512 value = _mm512_maskz_loadu_ps(mask, x + t * x_stride + k);
      for (int r = 0; r < R; ++r) sum[t][r] = _mm512_fmadd_ps(value, row[r], sum[t][r]);
    }
  }
  for (int t = 0; t < T; ++t)
    for (int r = 0; r < R; ++r) y[t * y_stride + r] = sum_lanes(sum[t][r]);
}

template <int T>
inline void product_rows(const float* x, int64_t x_stride, View<const float> w, float* y, int64_t y_stride) {
  int64_t r = 0;
  for (; r + 4 <= w.rows; r += 4)
    product_tile<T, 4>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
  for (; r < w.rows; ++r)
    product_tile<T, 1>(x, x_stride, w.data + r * w.stride, w.stride, w.cols, y + r, y_stride);
}

void product(View<const float> x, View<const float> w, View<float> y) {
  int64_t t = 0;
  for (; t + 4 <= x.rows; t += 4)
    product_rows<4>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
  for (; t < x.rows; ++t)
    product_rows<1>(x.data + t * x.stride, x.stride, w, y.data + t * y.stride, y.stride);
}

// T rows of p over 16 columns of v, l ascending.
template <int T>
inline void accumulate_tile(const float* p, int64_t p_stride, int64_t count, const float* v, int64_t v_stride,
                            __mmask16 mask, float* y, int64_t y_stride) {
  __m512 sum[T];
  for (int t = 0; t < T; ++t) sum[t] = _mm512_maskz_loadu_ps(mask, y + t * y_stride);
  for (int64_t l = 0; l < count; ++l) {
    const __m512 row = _mm512_maskz_loadu_ps(mask, v + l * v_stride);
    for (int t = 0; t < T; ++t) sum[t] = _mm512_fmadd_ps(_mm512_set1_ps(p[t * p_stride + l]), row, sum[t]);
  }
  for (int t = 0; t < T; ++t) _mm512_mask_storeu_ps(y + t * y_stride, mask, sum[t]);
}

void accumulate(View<const float> p, View<const float> v, View<float> y) {
  for (int64_t c = 0; c < v.cols; c += kLanes) {
    const int64_t left = v.cols - c;
    const __mmask16 mask = left >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(left);
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
  const __m512 inverse = _mm512_set1_ps(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean + eps))));
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, x + i), inverse);
    _mm512_mask_storeu_ps(y + i, mask, _mm512_mul_ps(scaled, _mm512_maskz_loadu_ps(mask, w + i)));
  }
}

void swiglu(const float* gate, const float* up, int64_t size, float* y) {
  const __m512 one = _mm512_set1_ps(1.0f), limit = _mm512_set1_ps(88.0f);
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    const __m512 g = _mm512_maskz_loadu_ps(mask, gate + i);
    const __m512 e = exp_lanes(_mm512_min_ps(limit, _mm512_sub_ps(_mm512_setzero_ps(), g)));
    const __m512 silu = _mm512_div_ps(g, _mm512_add_ps(one, e));
    _mm512_mask_storeu_ps(y + i, mask, _mm512_mul_ps(silu, _mm512_maskz_loadu_ps(mask, up + i)));
  }
}

float largest(const float* x, int64_t size) {
  __m512 most = _mm512_set1_ps(x[0]);
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    most = _mm512_max_ps(most, _mm512_mask_loadu_ps(most, mask, x + i));
  }
  return _mm512_reduce_max_ps(most);
}

float exp_minus(float* x, int64_t size, float max) {
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    const __m512 e = exp_lanes(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), _mm512_set1_ps(max)));
    _mm512_mask_storeu_ps(x + i, mask, e);
    sum = _mm512_mask_add_ps(sum, mask, sum, e);
  }
  return sum_lanes(sum);
}

void bf16_to_f32(const uint16_t* x, int64_t size, float* y) {
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, x + i));
    _mm512_mask_storeu_epi32(y + i, mask, _mm512_slli_epi32(wide, 16));
  }
}

// To nearest, ties to even; NaN stays a (quiet) NaN. vcvtneps2bf16 would flush denormals.
void f32_to_bf16(const float* x, int64_t size, uint16_t* y) {
  for (int64_t i = 0; i < size; i += kLanes) {
    const __mmask16 mask = size - i >= kLanes ? static_cast<__mmask16>(0xffff) : first_lanes(size - i);
    const __m512 value = _mm512_maskz_loadu_ps(mask, x + i);
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
    _mm256_mask_storeu_epi16(y + i, mask, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }
}

}  // namespace

constinit const OpTable kAvx512Ops{
    .name = "avx512",
    .needs = {.avx2 = true, .avx512 = true},
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
