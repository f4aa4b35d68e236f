// SPDX-License-Identifier: Apache-2.0
// Packed bf16 and e4m3 weights times bf16 activations with vdpbf16ps: sixteen rows a register, two columns a
// step. Two sums per token, of even and of odd pairs, are added at the end. The instruction flushes
// denormals; an e4m3 denormal is a normal bf16.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/e4m3.h"
#include "ops/avx512/tile.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

inline __m512bh pair_of(const uint16_t* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(value));
}

template <int T>
inline void add(__m512 (&sum)[T], __m512i w, const Bf16Record* x, int64_t column) {
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t)
    sum[t] = _mm512_dpbf16_ps(sum[t], reinterpret_cast<__m512bh>(w), pair_of(x[t].values + column));
}

struct Bf16 {
  static constexpr DType kType = DType::bf16;
  static constexpr int kBytes = 256;  // of 8 columns
  static void codes(const uint8_t* w, __m512i (&pairs)[4]) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) pairs[i] = _mm512_loadu_si512(w + 64 * i);
  }
};

// A dword holds columns 0, 2, 1, 3, so that even and odd bytes are the pairs (0, 1) and (2, 3).
struct E4m3 {
  static constexpr DType kType = DType::f8_e4m3;
  static constexpr int kBytes = 128;
  static void codes(const uint8_t* w, __m512i (&pairs)[4]) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      const __m512i v = _mm512_loadu_si512(w + 64 * i);
      pairs[2 * i] = bf16_from_e4m3(v);
      pairs[2 * i + 1] = bf16_from_e4m3(_mm512_srli_epi16(v, 8));
    }
  }
};

template <class F, int T>
void tile(const PackedStrip& strip, const Bf16Record* x, float* y, int64_t y_stride) {
  __m512 even[T], odd[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) even[t] = odd[t] = _mm512_setzero_ps();
  const uint8_t* w = strip.lines;
  Asking<1> asking(&strip, (strip.cols + 7) / 8, 0, 1);
  for (int64_t begin = 0; begin < strip.cols; begin += kRecordColumns, x += T) {
    const int64_t here = strip.cols - begin < kRecordColumns ? strip.cols - begin : kRecordColumns;
    for (int64_t k = 0; k < here; k += 8, w += F::kBytes) {
      if constexpr (T <= kMemoryBoundTokens)
        prefetch<F::kBytes, T, NearAndFar>(w);
      else
        asking.step();
      __m512i pairs[4];
      F::codes(w, pairs);
      add(even, pairs[0], x, k);
      add(odd, pairs[1], x, k + 2);
      add(even, pairs[2], x, k + 4);
      add(odd, pairs[3], x, k + 6);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) even[t] = _mm512_add_ps(even[t], odd[t]);
  store_tile<T>(strip, even, y, y_stride);
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Bf16Record*>(records);
  with_tile_size(tokens, [&]<int T>() { tile<F, T>(strip, x, y, y_stride); });
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 64, _mm512_setzero_ps(), _mm512_set1_epi16(0x3f80), [](__m512 sum, __m512i a) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(a));
  });
}

constexpr PackedKernel kKernels[] = {
    {.dtype = Bf16::kType, .records = RecordKind::bf16, .multiply = multiply<Bf16>, .asks_ahead = true},
    {.dtype = E4m3::kType, .records = RecordKind::bf16, .multiply = multiply<E4m3>, .asks_ahead = true},
};

}  // namespace

constinit const PackedKernels kAvx512Bf16Kernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .spin = spin};

}  // namespace sirocco
