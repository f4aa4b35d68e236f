// SPDX-License-Identifier: Apache-2.0
// Packed bf16 and e4m3 weights times float32 activations by fused multiply-adds: eight rows a register, up to
// four tokens at once. Two sums per token, of even and of odd columns, are added at the end.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/tile.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

struct Bf16 {
  static constexpr DType kType = DType::bf16;
  static constexpr int kBytes = 128;  // of four columns: two lines of two columns each
  // Columns 0 … 3 of eight rows.
  static void columns(const uint8_t* w, __m256 (&value)[4]) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 64 * i));
      value[2 * i] = _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
      value[2 * i + 1] =
          _mm256_castsi256_ps(_mm256_and_si256(v, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
    }
  }
};

// A dword holds columns 0, 2, 1, 3.
struct E4m3 {
  static constexpr DType kType = DType::f8_e4m3;
  static constexpr int kBytes = 64;
  // code: in the low byte of each dword, the rest arbitrary. Denormals are m · 2^-9, twice what the exponent
  // 2^-7 of a normal number makes of their bits beyond its 1.
  static __m256 widen(__m256i code) {
    const __m256i magnitude = _mm256_and_si256(code, _mm256_set1_epi32(0x7f));
    const __m256i bits = _mm256_add_epi32(_mm256_slli_epi32(magnitude, 20), _mm256_set1_epi32(120 << 23));
    const __m256 normal = _mm256_castsi256_ps(bits);
    const __m256 beyond = _mm256_sub_ps(normal, _mm256_set1_ps(0.0078125f));
    const __m256i small = _mm256_cmpgt_epi32(_mm256_set1_epi32(8), magnitude);
    const __m256 value = _mm256_blendv_ps(normal, _mm256_add_ps(beyond, beyond), _mm256_castsi256_ps(small));
    const __m256i sign = _mm256_and_si256(_mm256_slli_epi32(code, 24), _mm256_set1_epi32(INT32_MIN));
    return _mm256_or_ps(value, _mm256_castsi256_ps(sign));
  }
  static void columns(const uint8_t* w, __m256 (&value)[4]) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    value[0] = widen(v);
    value[2] = widen(_mm256_srli_epi32(v, 8));
    value[1] = widen(_mm256_srli_epi32(v, 16));
    value[3] = widen(_mm256_srli_epi32(v, 24));
  }
};

template <class F, int T>
void sub_tile(const PackedStrip& strip, const F32Record* records, int64_t stride, float* y,
              int64_t y_stride) {
  for (int half = 0; half < 2 && 8 * half < strip.rows; ++half) {
    __m256 even[T], odd[T];
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) even[t] = odd[t] = _mm256_setzero_ps();
    const uint8_t* w = strip.lines + 32 * half;
    const F32Record* x = records;
    for (int64_t begin = 0; begin < strip.cols; begin += kRecordColumns, x += stride) {
      const int64_t here = strip.cols - begin < kRecordColumns ? strip.cols - begin : kRecordColumns;
      for (int64_t k = 0; k < here; k += 4, w += F::kBytes) {
        __m256 value[4];
        F::columns(w, value);
#pragma GCC unroll 4
        for (int t = 0; t < T; ++t) {
          const float* at = x[t].values + k;
          even[t] = _mm256_fmadd_ps(value[0], _mm256_broadcast_ss(at), even[t]);
          odd[t] = _mm256_fmadd_ps(value[1], _mm256_broadcast_ss(at + 1), odd[t]);
          even[t] = _mm256_fmadd_ps(value[2], _mm256_broadcast_ss(at + 2), even[t]);
          odd[t] = _mm256_fmadd_ps(value[3], _mm256_broadcast_ss(at + 3), odd[t]);
        }
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) even[t] = _mm256_add_ps(even[t], odd[t]);
    store_half(strip, half, even, y, y_stride);
  }
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const F32Record*>(records);
  in_sub_tiles(tokens,
               [&]<int T>(int t) { sub_tile<F, T>(strip, x + t, tokens, y + t * y_stride, y_stride); });
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 16, _mm256_setzero_ps(), _mm256_set1_ps(1.0f),
                   [](__m256 sum, __m256 a) { return _mm256_fmadd_ps(a, a, sum); });
}

constexpr PackedKernel kKernels[] = {
    {Bf16::kType, RecordKind::f32, multiply<Bf16>, kLargestTile},
    {E4m3::kType, RecordKind::f32, multiply<E4m3>, kLargestTile},
};

}  // namespace

constinit const PackedKernels kAvx2FloatKernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .spin = spin};

}  // namespace sirocco
