// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations with vpdpbusd: sixteen rows a register, four columns a step,
// T tokens at once. Weights are unsigned codes; an offset is removed by starting each sum at -offset · Σ x.
// K types sum integers over 256 columns (exactly) and turn to float32 once; legacy types once per 32.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx512/tile.h"
#include "ops/int8_layouts.h"
#include "ops/packed.h"
#include "ops/spin.h"
#include "tensor/iq_grids.h"

namespace sirocco {
namespace {

inline __m512i line(const uint8_t* lines, int64_t index) {
  return _mm512_loadu_si512(lines + 64 * index);
}
inline __m512i low_nibbles(__m512i v) {
  return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
inline __m512i high_nibbles(__m512i v) {
  return low_nibbles(_mm512_srli_epi16(v, 4));
}
// (a & mask) | b
inline __m512i and_or(__m512i a, int mask, __m512i b) {
  return _mm512_ternarylogic_epi32(a, _mm512_set1_epi8(static_cast<char>(mask)), b, 0xea);
}
template <int Shift>  // of the bits within 16-bit words; negative shifts right
inline __m512i shifted(__m512i v) {
  if constexpr (Shift > 0) return _mm512_slli_epi16(v, Shift);
  if constexpr (Shift < 0) return _mm512_srli_epi16(v, -Shift);
  return v;
}
inline __m512i dword(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return _mm512_set1_epi32(value);
}
inline __m512i bytes_to_i32(const void* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}
inline __m512 halves(const uint8_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

// The 16 int8 table entries of IQ4, plus 128; and of e2m1, doubled, plus 16.
inline __m512i iq4_codes(__m512i nibbles) {
  const __m128i table =
      _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, static_cast<char>(129), static_cast<char>(141),
                    static_cast<char>(153), static_cast<char>(166), static_cast<char>(181),
                    static_cast<char>(197), static_cast<char>(217), static_cast<char>(241));
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}
inline __m512i e2m1_codes(__m512i nibbles) {
  const __m128i table = _mm_setr_epi8(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4);
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), nibbles);
}

// ---- K types: blocks of 256 columns -------------------------------------------------------------------

// 6-bit scales and mins of q4_k and q5_k, see pack.cc. scales: [8, 16] bytes; mins: [4, 16, 2] bytes.
inline void unpack_k_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  const __m512i s = line(packed, 0), m = line(packed, 1), top = line(packed, 2);
  _mm512_store_si512(scales, and_or(shifted<4>(top), 0x30, low_nibbles(s)));
  _mm512_store_si512(scales + 64, and_or(shifted<2>(top), 0x30, high_nibbles(s)));
  _mm512_store_si512(mins, and_or(top, 0x30, low_nibbles(m)));
  _mm512_store_si512(mins + 64, and_or(shifted<-2>(top), 0x30, high_nibbles(m)));
}

// Sixteen scales of q3_k, less 32. scales: [16, 16] bytes.
inline void unpack_q3_scales(const uint8_t* packed, uint8_t* scales) {
  unpack_k_scales(packed, scales, scales + 128);
  for (int i = 0; i < 4; ++i)
    _mm512_store_si512(scales + 64 * i, _mm512_sub_epi8(line(scales, i), _mm512_set1_epi8(32)));
}

// The lower four bits of 128 bytes, then the upper ones.
inline void unpack_nibbles(const uint8_t* packed, uint8_t* out) {
  for (int i = 0; i < 2; ++i) {
    _mm512_store_si512(out + 64 * i, low_nibbles(line(packed, i)));
    _mm512_store_si512(out + 128 + 64 * i, high_nibbles(line(packed, i)));
  }
}

struct Q2K : Q2KLayout {
  static constexpr int kOffsetLog2 = 0;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_nibbles(packed, scales);
    unpack_nibbles(packed + 128, mins);
  }
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    const __m512i v = line(w, 5 + G / 8 * 8 + G % 2 * 4 + q);
    return _mm512_and_si512(shifted<-(G % 8 / 2 * 2)>(v), _mm512_set1_epi8(3));
  }
};

struct Q3K : Q3KLayout {
  static constexpr int kOffsetLog2 = 2;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) { unpack_q3_scales(packed, scales); }
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2;  // of 32 columns: two bits of a line, and one of the lines of third bits
    const __m512i v = line(w, 11 + G / 8 * 8 + G % 2 * 4 + q), top = line(w, 3 + G % 2 * 4 + q);
    const __m512i low = _mm512_and_si512(shifted<-(kRun % 4 * 2)>(v), _mm512_set1_epi8(3));
    return and_or(shifted<2 - kRun>(top), 4, low);
  }
};

struct Q4K : Q4KLayout {
  static constexpr int kOffsetLog2 = 0;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    const __m512i v = line(w, 4 + G / 2 * 8 + q);
    return G % 2 ? high_nibbles(v) : low_nibbles(v);
  }
};

struct Q5K : Q5KLayout {
  static constexpr int kOffsetLog2 = 0;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    const __m512i v = line(w, 12 + G / 2 * 8 + q);
    return and_or(shifted<4 - G>(line(w, 4 + q)), 0x10, G % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Q6K : Q6KLayout {
  static constexpr int kOffsetLog2 = 5;
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2, kFirst = 4 + 24 * (kRun / 4) + 12 * (G % 2);
    const __m512i v = line(w, kFirst + 4 * (kRun % 2) + q);
    const __m512i top = shifted<4 - 2 * (kRun % 4)>(line(w, kFirst + 8 + q));
    return and_or(top, 0x30, kRun / 2 % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Iq4Xs : Iq4XsLayout {
  static constexpr int kOffsetLog2 = 7;
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    const __m512i v = line(w, 4 * G + q % 4);
    return iq4_codes(q < 4 ? low_nibbles(v) : high_nibbles(v));
  }
};

// Scales 2 · s + 1 of four bits, `bytes` of them below as many.
inline void unpack_odd_scales(const uint8_t* packed, int bytes, uint8_t* scales) {
  for (int i = 0; 64 * i < bytes; ++i) {
    const __m512i one = _mm512_set1_epi8(1), low = low_nibbles(line(packed, i)), high = high_nibbles(line(packed, i));
    _mm512_store_si512(scales + 64 * i, _mm512_or_si512(_mm512_add_epi8(low, low), one));
    _mm512_store_si512(scales + bytes + 64 * i, _mm512_or_si512(_mm512_add_epi8(high, high), one));
  }
}

// Looked-up magnitudes, below 64, under their signs, plus 64.
template <class Layout, const auto& Grid>
struct GridCodes : Layout {
  static constexpr int kOffsetLog2 = 6;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) {
    unpack_odd_scales(packed, 8 * kGroups<Layout>, scales);
  }
  template <int G>
  static __m512i codes(const uint8_t* w, int q) {
    using Place = GridPlace<Layout, G>;
    __m512i index = _mm512_srli_epi32(line(w, Place::index_line(q)), static_cast<unsigned>(Place::index_shift(q)));
    index = _mm512_and_si512(index, _mm512_set1_epi32(255));
    if constexpr (Layout::kHighBits > 0) {
      const __m512i high = _mm512_srli_epi32(line(w, Place::kHighLine), static_cast<unsigned>(Place::high_shift(q)));
      const __m512i bits = _mm512_and_si512(high, _mm512_set1_epi32(Place::kHighMask));
      index = _mm512_or_si512(index, _mm512_slli_epi32(bits, 8));
    }
    const int* words = reinterpret_cast<const int*>(Grid.entries);
    if constexpr (Layout::kColumns == 8) {
      index = _mm512_add_epi32(index, index);
      words += Place::four(q) % 2;
    }
    return under_signs(_mm512_i32gather_epi32(index, words, 4), line(w, Place::kSignLine), Place::four(q));
  }
  // Bits 4 · four … 4 · four + 3 of each dword are the signs of its bytes.
  static __m512i under_signs(__m512i bytes, __m512i signs, int four) {
    const __m512i spread = _mm512_add_epi8(
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12)),
        _mm512_set1_epi8(static_cast<char>(four / 2)));
    const __m512i bits = _mm512_set1_epi32(four % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010u));
    const __mmask64 minus = _mm512_test_epi8_mask(_mm512_shuffle_epi8(signs, spread), bits);
    const __m512i offset = _mm512_set1_epi8(64);
    return _mm512_mask_sub_epi8(_mm512_add_epi8(bytes, offset), minus, offset, bytes);
  }
};
struct Iq2Xxs : GridCodes<Iq2XxsLayout, kIq2XxsGrid> {};
struct Iq2Xs : GridCodes<Iq2XsLayout, kIq2XsGrid> {};
struct Iq2S : GridCodes<Iq2SLayout, kIq2SGrid> {};
struct Iq3Xxs : GridCodes<Iq3XxsLayout, kIq3XxsGrid> {};
struct Iq3S : GridCodes<Iq3SLayout, kIq3SGrid> {};

template <class F, int G, int T>
inline void k_group(const uint8_t* w, const uint8_t* scales, const Int8Record* x, __m512i (&sum)[T]) {
  __m512i acc[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) {
    if constexpr (F::kOffsetLog2 == 0)
      acc[t] = _mm512_setzero_si512();
    else
      acc[t] = _mm512_slli_epi32(
          dword(F::kGroup == 16 ? &x[t].negative_sums_16[G] : &x[t].negative_sums_32[G]), F::kOffsetLog2);
  }
#pragma GCC unroll 8
  for (int q = 0; q < F::kGroup / 4; ++q) {
    const __m512i codes = F::template codes<G>(w, q);
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t)
      acc[t] = _mm512_dpbusd_epi32(acc[t], codes, dword(x[t].codes + G * F::kGroup + 4 * q));
  }
  const __m512i scale = bytes_to_i32(scales + 16 * G);
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) sum[t] = _mm512_add_epi32(sum[t], _mm512_mullo_epi32(acc[t], scale));
}

template <class F, int T, int... G>
inline void k_groups(const uint8_t* w, const uint8_t* scales, const Int8Record* x, __m512i (&sum)[T]) {
  (k_group<F, G, T>(w, scales, x, sum), ...);
}

template <class F, int T>
void k_tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  __m512 total[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) total[t] = _mm512_setzero_ps();
  const uint8_t* w = strip.lines;
  for (int64_t b = 0; b < strip.cols / kRecordColumns; ++b, w += F::kBytes, x += T) {
    prefetch<F::kBytes, T>(w);
    alignas(64) uint8_t unpacked[16 * kGroups<F>], mins[16 * kGroups<F>];
    const uint8_t* scales = w + F::kScales;
    if constexpr (F::kPackedScales) {
      F::unpack_scales(scales, unpacked, mins);
      scales = unpacked;
    }
    __m512i sum[T];
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) sum[t] = _mm512_setzero_si512();
    if constexpr (F::kGroup == 32)
      k_groups<F, T, 0, 1, 2, 3, 4, 5, 6, 7>(w, scales, x, sum);
    else
      k_groups<F, T, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15>(w, scales, x, sum);
    const uint8_t* ds = strip.scales + 32 * b;
    if constexpr (!F::kSplitD) ds = w + F::kD;
    const __m512 d = halves(ds);
    __m512 value[T];
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t) value[t] = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[t]), d);
    if constexpr (F::kMins) {
      constexpr int kPairs = kGroups<F> / 2;  // of groups, whose mins lie side by side
      __m512i min[kPairs];
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p)
        min[p] = _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(mins + 32 * p)));
      const __m512 d_min = halves(ds + 32);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const int16_t* sums = group_sums<F>(x[t]);
        __m512i offset = _mm512_setzero_si512();
#pragma GCC unroll 8
        for (int p = 0; p < kPairs; ++p) offset = _mm512_dpwssd_epi32(offset, min[p], dword(sums + 2 * p));
        value[t] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(offset), d_min, value[t]);
      }
    }
#pragma GCC unroll 12
    for (int t = 0; t < T; ++t)
      total[t] = _mm512_fmadd_ps(value[t], _mm512_set1_ps(x[t].scales[0]), total[t]);
  }
  store_tile(strip, total, y, y_stride);
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

struct Q80 : Q80Layout {
  static constexpr int kOffsetLog2 = 7;
  static __m512i codes(const uint8_t* w, int q) {
    return _mm512_xor_si512(line(w, q), _mm512_set1_epi8(static_cast<char>(0x80)));
  }
  static __m512 scale(const uint8_t* s, int) { return halves(s); }
};

inline __m512i nibbles(const uint8_t* w, int q) {
  const __m512i v = line(w, q % 4);
  return q < 4 ? low_nibbles(v) : high_nibbles(v);
}
// Bit q of each byte of the line behind the nibbles is the fifth bit.
inline __m512i five_bits(const uint8_t* w, int q) {
  const __m512i high = _mm512_srlv_epi16(line(w, 4), _mm512_set1_epi16(static_cast<int16_t>(q)));
  return _mm512_or_si512(_mm512_slli_epi16(_mm512_and_si512(high, _mm512_set1_epi8(1)), 4), nibbles(w, q));
}

template <class Layout>
struct Nibbles : Layout {
  static constexpr int kOffsetLog2 = 3;
  static __m512i codes(const uint8_t* w, int q) { return nibbles(w, q); }
  static __m512 scale(const uint8_t* s, int) { return halves(s); }
};
template <class Layout>
struct FiveBits : Nibbles<Layout> {
  static constexpr int kOffsetLog2 = 4;
  static __m512i codes(const uint8_t* w, int q) { return five_bits(w, q); }
};
struct Q40 : Nibbles<Q40Layout> {};
struct Q41 : Nibbles<Q41Layout> {
  static constexpr int kOffsetLog2 = 0;
};
struct Q50 : FiveBits<Q50Layout> {};
struct Q51 : FiveBits<Q51Layout> {
  static constexpr int kOffsetLog2 = 0;
};
struct Iq4Nl : Nibbles<Iq4NlLayout> {
  static constexpr int kOffsetLog2 = 7;
  static __m512i codes(const uint8_t* w, int q) { return iq4_codes(nibbles(w, q)); }
};
struct Mxfp4 : Nibbles<Mxfp4Layout> {
  static constexpr int kOffsetLog2 = 4;
  static __m512i codes(const uint8_t* w, int q) { return e2m1_codes(nibbles(w, q)); }
  // 2^(code - 128); the two smallest, 2^-128 and 2^-127, count as 0.
  static __m512 scale(const uint8_t* s, int) {
    const __m512i code = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(s)));
    const __mmask16 normal = _mm512_cmpgt_epi32_mask(code, _mm512_set1_epi32(1));
    const __m512i exponent = _mm512_sub_epi32(code, _mm512_set1_epi32(1));
    return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(normal, exponent, 23));
  }
};
// Two scales, e4m3, for 16 columns each; lines 0-1 hold the first 16 columns, 2-3 the others.
template <class Layout>
struct Nvfp4Codes : Layout {
  static constexpr int kOffsetLog2 = 4;
  static __m512i codes(const uint8_t* w, int q) {
    const __m512i v = line(w, q / 4 * 2 + q % 2);
    return e2m1_codes(q % 4 < 2 ? low_nibbles(v) : high_nibbles(v));
  }
  // An e4m3 is an f16 whose exponent counts from 15 instead of 7.
  static __m512 scale(const uint8_t* s, int half) {
    const __m128i code = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s + 16 * half));
    const __m256i wide = _mm256_cvtepu8_epi16(code);
    const __m256i sign = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x80)), 8);
    const __m256i magnitude = _mm256_slli_epi16(_mm256_and_si256(wide, _mm256_set1_epi16(0x7f)), 7);
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_or_si256(sign, magnitude)), _mm512_set1_ps(256.0f));
  }
};
struct Nvfp4 : Nvfp4Codes<Nvfp4Layout> {};
struct Nvfp4Packed : Nvfp4Codes<Nvfp4PackedLayout> {};

template <class F, int T>
void legacy_tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  __m512 total[T];
#pragma GCC unroll 12
  for (int t = 0; t < T; ++t) total[t] = _mm512_setzero_ps();
  const uint8_t *w = strip.lines, *s = strip.scales;
  const int64_t groups = strip.cols / 32;
  for (int64_t group = 0; group < groups; ++group, w += F::kBytes, s += F::kScaleBytes) {
    prefetch<F::kBytes, T>(w);
    const Int8Record* record = x + group / 8 * T;
    const int g = static_cast<int>(group % 8);
    constexpr int kQuads = 8 / kParts<F>;
#pragma GCC unroll 2
    for (int part = 0; part < kParts<F>; ++part) {
      __m512i acc[T];
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        if constexpr (F::kOffsetLog2 == 0)
          acc[t] = _mm512_setzero_si512();
        else
          acc[t] = _mm512_slli_epi32(dword(F::kHalfGroups ? &record[t].negative_sums_16[2 * g + part]
                                                          : &record[t].negative_sums_32[g]),
                                     F::kOffsetLog2);
      }
#pragma GCC unroll 8
      for (int q = 0; q < kQuads; ++q) {
        const __m512i codes = F::codes(w, part * kQuads + q);
#pragma GCC unroll 12
        for (int t = 0; t < T; ++t)
          acc[t] =
              _mm512_dpbusd_epi32(acc[t], codes, dword(record[t].codes + 32 * g + 4 * (part * kQuads + q)));
      }
      const __m512 d = F::scale(s, part);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const __m512 scale = _mm512_mul_ps(d, _mm512_set1_ps(record[t].scales[g]));
        total[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[t]), scale, total[t]);
      }
    }
    if constexpr (F::kMins) {
      const __m512 m = halves(s + 32);
#pragma GCC unroll 12
      for (int t = 0; t < T; ++t) {
        const float sum = static_cast<float>(-record[t].negative_sums_32[g]) * record[t].scales[g];
        total[t] = _mm512_fmadd_ps(_mm512_set1_ps(sum), m, total[t]);
      }
    }
  }
  store_tile(strip, total, y, y_stride);
}

// ---- Dispatch over tile sizes -----------------------------------------------------------------------------

template <class F, int T>
inline void tile(const PackedStrip& strip, const Int8Record* x, float* y, int64_t y_stride) {
  if constexpr (requires { F::kGroup; })
    k_tile<F, T>(strip, x, y, y_stride);
  else
    legacy_tile<F, T>(strip, x, y, y_stride);
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  with_tile_size(tokens, [&]<int T>() { tile<F, T>(strip, x, y, y_stride); });
}

template <class F>
constexpr PackedKernel k_kernel() {
  return {F::kType, RecordKind::int8_per_256, multiply<F>};
}
template <class F>
constexpr PackedKernel kernel() {
  return {F::kType, RecordKind::int8_per_32, multiply<F>};
}

// ---- Activations ------------------------------------------------------------------------------------------

inline float largest(const float* x, int64_t count) {
  __m512 most = _mm512_setzero_ps();
  for (int64_t i = 0; i < count; i += 16) most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
  return _mm512_reduce_max_ps(most);
}

// code = round(x · 127 / max |x|), ties to even; scale = max |x| / 127.
void to_int8(const float* x, int64_t cols, RecordKind kind, Int8Record* records, int64_t stride) {
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, records += stride) {
    const int64_t here = cols - begin < kRecordColumns ? cols - begin : kRecordColumns;
    Int8Record& record = *records;
    const float most = kind == RecordKind::int8_per_256 ? largest(x + begin, here) : 0.0f;
    for (int g = 0; g < 8; ++g) {
      const float* group = x + begin + 32 * g;
      if (32 * g >= here) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(record.codes + 32 * g), _mm256_setzero_si256());
        record.scales[g] = 0.0f;
        record.negative_sums_32[g] = record.negative_sums_16[2 * g] = record.negative_sums_16[2 * g + 1] = 0;
        record.sums_32[g] = record.sums_16[2 * g] = record.sums_16[2 * g + 1] = 0;
        continue;
      }
      const float range = kind == RecordKind::int8_per_256 ? most : largest(group, 32);
      const float inverse = range > 0.0f ? 127.0f / range : 0.0f;
      record.scales[g] = range / 127.0f;
      for (int half = 0; half < 2; ++half) {
        const __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(group + 16 * half), _mm512_set1_ps(inverse));
        const __m512i codes = _mm512_cvtps_epi32(scaled);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(record.codes + 32 * g + 16 * half),
                         _mm512_cvtepi32_epi8(codes));
        const int sum = _mm512_reduce_add_epi32(codes);
        record.negative_sums_16[2 * g + half] = -sum;
        record.sums_16[2 * g + half] = static_cast<int16_t>(sum);
      }
      const int sum = record.negative_sums_16[2 * g] + record.negative_sums_16[2 * g + 1];
      record.negative_sums_32[g] = sum;
      record.sums_32[g] = static_cast<int16_t>(-sum);
    }
  }
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 128, _mm512_setzero_si512(), _mm512_set1_epi8(1),
                   [](__m512i sum, __m512i a) { return _mm512_dpbusd_epi32(sum, a, a); });
}

constexpr PackedKernel kKernels[] = {
    k_kernel<Q2K>(), k_kernel<Q3K>(), k_kernel<Q4K>(), k_kernel<Q5K>(), k_kernel<Q6K>(),
    k_kernel<Iq2Xxs>(), k_kernel<Iq2Xs>(), k_kernel<Iq2S>(), k_kernel<Iq3Xxs>(), k_kernel<Iq3S>(),
    k_kernel<Iq4Xs>(), kernel<Q80>(), kernel<Q40>(), kernel<Q41>(), kernel<Q50>(),
    kernel<Q51>(), kernel<Iq4Nl>(), kernel<Mxfp4>(), kernel<Nvfp4>(), kernel<Nvfp4Packed>(),
};

}  // namespace

constinit const PackedKernels kAvx512VnniKernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .to_int8 = to_int8, .spin = spin};

}  // namespace sirocco
