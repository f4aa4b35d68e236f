// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations for AVX2: eight rows a register, four columns a step, up to four
// tokens at once. vpmaddubsw adds two products in 16 bits; a format says how many such sums stay below
// 32,768. Types whose codes need eight bits are multiplied as |w| by x with the sign of w. The integers, and
// the order of the float operations behind them, are those of the AVX-512 kernels: results are the same to
// the bit.
#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/tile.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

inline __m256i load(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline __m256i line(const uint8_t* lines, int64_t index) {  // of eight rows
  return load(lines + 64 * index);
}
inline __m256i low_nibbles(__m256i v) {
  return _mm256_and_si256(v, _mm256_set1_epi8(15));
}
inline __m256i high_nibbles(__m256i v) {
  return low_nibbles(_mm256_srli_epi16(v, 4));
}
template <int Shift>  // of the bits within 16-bit words; negative shifts right
inline __m256i shifted(__m256i v) {
  if constexpr (Shift > 0) return _mm256_slli_epi16(v, Shift);
  if constexpr (Shift < 0) return _mm256_srli_epi16(v, -Shift);
  return v;
}
inline __m256i and_or(__m256i a, int mask, __m256i b) {
  return _mm256_or_si256(_mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask))), b);
}
inline __m256i dword(const void* p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return _mm256_set1_epi32(value);
}
inline __m256i bytes_to_i32(const void* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
}
inline __m256 halves(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i looked_up(__m128i table, __m256i nibbles) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), nibbles);
}
inline __m256i iq4_values(__m256i nibbles) {
  return looked_up(_mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
                   nibbles);
}
inline __m256i e2m1_codes(__m256i nibbles) {  // doubled, plus 16
  return looked_up(_mm_setr_epi8(16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4), nibbles);
}

// Sums of two products in 16 bits.
template <bool Signed>
inline __m256i products(__m256i w, __m256i x) {
  if constexpr (Signed) return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return _mm256_maddubs_epi16(w, x);
}

// Sixteen registers hold a tile's sums, a weight and little else. Left to itself the compiler keeps every activation
// and line that two rows or groups share, and adds products up in a tree: all of it spills. Loading again is cheaper.
template <class P>
inline P* forgotten(P* place) {
  asm("" : "+r"(place));
  return place;
}
inline void in_this_order(__m256i& sum) {
  asm("" : "+x"(sum));
}

// acc[t] += Σ over the four columns of each of Count steps, times `scale` (pairs of 16 bits).
// codes(q): step q of the group; x: the group's codes of token 0, tokens one record apart.
template <bool Signed, int Adds, int Count, int T, class Codes>
inline void add_steps(Codes codes, const int8_t* x, __m256i scale, __m256i (&acc)[T]) {
#pragma GCC unroll 8
  for (int first = 0; first < Count; first += Adds) {
    __m256i sum[T];
#pragma GCC unroll 8
    for (int q = first; q < first + Adds; ++q) {
      const __m256i w = codes(q);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256i product =
            products<Signed>(w, dword(x + t * static_cast<int64_t>(sizeof(Int8Record)) + 4 * q));
        sum[t] = q == first ? product : _mm256_add_epi16(sum[t], product);
        in_this_order(sum[t]);
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t) {
      acc[t] = _mm256_add_epi32(acc[t], _mm256_madd_epi16(sum[t], scale));
      in_this_order(acc[t]);
    }
  }
}

// ---- K types: blocks of 256 columns -------------------------------------------------------------------

// 6-bit scales and mins of q4_k and q5_k, see pack.cc. scales: [8, 16] bytes; mins: [4, 16, 2] bytes.
inline void unpack_k_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  for (int i = 0; i < 64; i += 32) {
    const __m256i s = load(packed + i), m = load(packed + 64 + i), top = load(packed + 128 + i);
    const auto store = [&](uint8_t* out, __m256i v) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), v);
    };
    store(scales, and_or(shifted<4>(top), 0x30, low_nibbles(s)));
    store(scales + 64, and_or(shifted<2>(top), 0x30, high_nibbles(s)));
    store(mins, and_or(top, 0x30, low_nibbles(m)));
    store(mins + 64, and_or(shifted<-2>(top), 0x30, high_nibbles(m)));
  }
}

struct Q4K {
  static constexpr DType kType = DType::q4_k;
  static constexpr int kBytes = 2304, kGroup = 32, kOffsetLog2 = 0, kScales = 0, kAdds = 8;
  static constexpr bool kMins = true, kSplitD = false, kSigned = false;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 4 + G / 2 * 8 + q);
    return G % 2 ? high_nibbles(v) : low_nibbles(v);
  }
};

struct Q5K {
  static constexpr DType kType = DType::q5_k;
  static constexpr int kBytes = 2816, kGroup = 32, kOffsetLog2 = 0, kScales = 0, kAdds = 4;
  static constexpr bool kMins = true, kSplitD = false, kSigned = false;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 12 + G / 2 * 8 + q);
    return and_or(shifted<4 - G>(line(w, 4 + q)), 0x10, G % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Q6K {
  static constexpr DType kType = DType::q6_k;
  static constexpr int kBytes = 3328, kGroup = 16, kOffsetLog2 = 5, kScales = 0, kAdds = 2;
  static constexpr bool kMins = false, kSplitD = true, kSigned = false;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2, kFirst = 4 + 24 * (kRun / 4) + 12 * (G % 2);
    const __m256i v = line(w, kFirst + 4 * (kRun % 2) + q);
    const __m256i top = shifted<4 - 2 * (kRun % 4)>(line(w, kFirst + 8 + q));
    return and_or(top, 0x30, kRun / 2 % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Iq4Xs {
  static constexpr DType kType = DType::iq4_xs;
  static constexpr int kBytes = 2176, kGroup = 32, kOffsetLog2 = 0, kScales = 2048, kAdds = 1;
  static constexpr bool kMins = false, kSplitD = true, kSigned = true;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 4 * G + q % 4);
    return iq4_values(q < 4 ? low_nibbles(v) : high_nibbles(v));
  }
};

template <class F, int G, int T>
inline void k_group(const uint8_t* lines, const uint8_t* scales, const Int8Record* x, __m256i (&sum)[T]) {
  const uint8_t* w = forgotten(lines);
  const __m256i scale = bytes_to_i32(scales + 16 * G);
  const __m256i pair =
      _mm256_or_si256(_mm256_and_si256(scale, _mm256_set1_epi32(0xffff)), _mm256_slli_epi32(scale, 16));
  add_steps<F::kSigned, F::kAdds, F::kGroup / 4>([w](int q) { return F::template codes<G>(w, q); },
                                                 forgotten(x->codes + G * F::kGroup), pair, sum);
}

// A token's negative sums of 16 columns in 16 bits.
inline void narrow_sums(const Int8Record& x, int16_t* out) {
  for (int i = 0; i < 16; i += 8) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x.negative_sums_16 + i));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x.negative_sums_16 + i + 4));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_packs_epi32(a, b));
  }
}

// sum[t] += 2^Log2 · Σ over groups of 16 columns, scale · negative sum: takes the offset out of unsigned codes.
template <int Log2, int T>
inline void add_offsets(const uint8_t* scales, const Int8Record* x, __m256i (&sum)[T]) {
  alignas(16) int16_t negative[T][16];
  __m256i offset[T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    narrow_sums(x[t], negative[t]);
    offset[t] = _mm256_setzero_si256();
  }
#pragma GCC unroll 8
  for (int g = 0; g < 16; g += 2) {
    const auto at = [&](int group) {
      return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(scales + 16 * group));
    };
    const __m256i pair = _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(at(g), at(g + 1)));
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
      offset[t] = _mm256_add_epi32(offset[t], _mm256_madd_epi16(pair, dword(negative[t] + g)));
  }
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) sum[t] = _mm256_add_epi32(sum[t], _mm256_slli_epi32(offset[t], Log2));
}

// Each group also asks for its share of what the block some lines ahead holds.
template <class F, int T, int... G>
inline void k_groups(const uint8_t* w, const uint8_t* scales, const Int8Record* x, const uint8_t* ahead,
                     __m256i (&sum)[T]) {
  constexpr int kShare = F::kBytes / 2 / sizeof...(G);
  ((k_group<F, G, T>(w, scales, x, sum), prefetch<kShare, T>(ahead + G * kShare)), ...);
}

// Of one block: eight rows from `half` · 8 on. scales and mins: of all sixteen rows.
template <class F, int T>
inline void k_block(const uint8_t* w, const uint8_t* scales, const uint8_t* mins, const uint8_t* d_bytes, int half,
                    const Int8Record* x, __m256 (&total)[T]) {
  __m256i sum[T];
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) sum[t] = _mm256_setzero_si256();
  const uint8_t* rows = w + 32 * half;
  const uint8_t* ahead = w + F::kBytes / 2 * half;
  if constexpr (F::kGroup == 32)
    k_groups<F, T, 0, 1, 2, 3, 4, 5, 6, 7>(rows, scales + 8 * half, x, ahead, sum);
  else
    k_groups<F, T, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15>(rows, scales + 8 * half, x, ahead, sum);
  if constexpr (F::kOffsetLog2 > 0) add_offsets<F::kOffsetLog2>(scales + 8 * half, x, sum);
  const __m256 d = halves(d_bytes + 16 * half);
#pragma GCC unroll 4
  for (int t = 0; t < T; ++t) {
    __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[t]), d);
    if constexpr (F::kMins) {
      __m256i offset = _mm256_setzero_si256();
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) {
        const auto* at = reinterpret_cast<const __m128i*>(mins + 32 * p + 16 * half);
        const __m256i min = _mm256_cvtepu8_epi16(_mm_loadu_si128(at));
        offset = _mm256_add_epi32(offset, _mm256_madd_epi16(min, dword(x[t].sums_32 + 2 * p)));
      }
      value = _mm256_fnmadd_ps(_mm256_cvtepi32_ps(offset), halves(d_bytes + 32 + 16 * half), value);
    }
    total[t] = _mm256_fmadd_ps(value, _mm256_set1_ps(x[t].scales[0]), total[t]);
  }
}

// Both halves of the rows; x: tokens `stride` to a block.
template <class F, int T>
inline void k_sums(const PackedStrip& strip, int halves_used, const Int8Record* x, int64_t stride,
                   __m256 (&total)[2][T]) {
  const uint8_t* w = strip.lines;
  for (int64_t b = 0; b < strip.cols / kRecordColumns; ++b, w += F::kBytes, x += stride) {
    uint8_t unpacked[128], mins[128];
    const uint8_t* scales = w + F::kScales;
    if constexpr (F::kMins) {
      unpack_k_scales(scales, unpacked, mins);
      scales = unpacked;
    }
    const uint8_t* d = F::kSplitD ? strip.scales + 32 * b : w + F::kScales + 192;
    for (int half = 0; half < halves_used; ++half) k_block<F, T>(w, scales, mins, d, half, x, total[half]);
  }
}

// ---- Types of 32 columns with float scales --------------------------------------------------------------

inline __m256i nibbles(const uint8_t* w, int q) {
  const __m256i v = line(w, q % 4);
  return q < 4 ? low_nibbles(v) : high_nibbles(v);
}
// Bit q of each byte of the line behind the nibbles is the fifth bit.
inline __m256i five_bits(const uint8_t* w, int q) {
  const __m256i high = _mm256_srl_epi16(line(w, 4), _mm_cvtsi32_si128(q));
  return _mm256_or_si256(_mm256_slli_epi16(_mm256_and_si256(high, _mm256_set1_epi8(1)), 4), nibbles(w, q));
}

struct Q80 {
  static constexpr DType kType = DType::q8_0;
  static constexpr int kBytes = 512, kScaleBytes = 32, kOffsetLog2 = 0, kAdds = 1;
  static constexpr bool kMins = false, kHalfGroups = false, kSigned = true;
  static __m256i codes(const uint8_t* w, int q) { return line(w, q); }
  static __m256 scale(const uint8_t* s, int) { return halves(s); }
};
struct Q40 {
  static constexpr DType kType = DType::q4_0;
  static constexpr int kBytes = 256, kScaleBytes = 32, kOffsetLog2 = 3, kAdds = 8;
  static constexpr bool kMins = false, kHalfGroups = false, kSigned = false;
  static __m256i codes(const uint8_t* w, int q) { return nibbles(w, q); }
  static __m256 scale(const uint8_t* s, int) { return halves(s); }
};
struct Q41 : Q40 {
  static constexpr DType kType = DType::q4_1;
  static constexpr int kScaleBytes = 64, kOffsetLog2 = 0;
  static constexpr bool kMins = true;
};
struct Q50 : Q40 {
  static constexpr DType kType = DType::q5_0;
  static constexpr int kBytes = 320, kOffsetLog2 = 4, kAdds = 4;
  static __m256i codes(const uint8_t* w, int q) { return five_bits(w, q); }
};
struct Q51 : Q50 {
  static constexpr DType kType = DType::q5_1;
  static constexpr int kScaleBytes = 64, kOffsetLog2 = 0;
  static constexpr bool kMins = true;
};
struct Iq4Nl : Q40 {
  static constexpr DType kType = DType::iq4_nl;
  static constexpr int kOffsetLog2 = 0, kAdds = 1;
  static constexpr bool kSigned = true;
  static __m256i codes(const uint8_t* w, int q) { return iq4_values(nibbles(w, q)); }
};
struct Mxfp4 : Q40 {
  static constexpr DType kType = DType::mxfp4;
  static constexpr int kScaleBytes = 16, kOffsetLog2 = 4, kAdds = 4;
  static __m256i codes(const uint8_t* w, int q) { return e2m1_codes(nibbles(w, q)); }
  // 2^(code - 128); the two smallest, 2^-128 and 2^-127, count as 0.
  static __m256 scale(const uint8_t* s, int) {
    const __m256i code = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(s)));
    const __m256i normal = _mm256_cmpgt_epi32(code, _mm256_set1_epi32(1));
    const __m256i bits = _mm256_slli_epi32(_mm256_sub_epi32(code, _mm256_set1_epi32(1)), 23);
    return _mm256_castsi256_ps(_mm256_and_si256(bits, normal));
  }
};
// Two scales, e4m3, for 16 columns each; lines 0-1 hold the first 16 columns, 2-3 the others.
struct Nvfp4 {
  static constexpr DType kType = DType::nvfp4;
  static constexpr int kBytes = 256, kScaleBytes = 32, kOffsetLog2 = 4, kAdds = 4;
  static constexpr bool kMins = false, kHalfGroups = true, kSigned = false;
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, q / 4 * 2 + q % 2);
    return e2m1_codes(q % 4 < 2 ? low_nibbles(v) : high_nibbles(v));
  }
  // An e4m3 is an f16 whose exponent counts from 15 instead of 7.
  static __m256 scale(const uint8_t* s, int half) {
    const __m128i code = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(s + 16 * half));
    const __m128i wide = _mm_cvtepu8_epi16(code);
    const __m128i sign = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x80)), 8);
    const __m128i magnitude = _mm_slli_epi16(_mm_and_si128(wide, _mm_set1_epi16(0x7f)), 7);
    return _mm256_mul_ps(_mm256_cvtph_ps(_mm_or_si128(sign, magnitude)), _mm256_set1_ps(256.0f));
  }
};
struct Nvfp4Packed : Nvfp4 {
  static constexpr DType kType = DType::nvfp4_packed;
};

template <class F, int T>
inline void legacy_sums(const PackedStrip& strip, int half, const Int8Record* x, int64_t stride,
                        __m256 (&total)[T]) {
  const uint8_t* w = strip.lines + 32 * half;
  const uint8_t* s = strip.scales + (F::kScaleBytes == 16 || F::kHalfGroups ? 8 : 16) * half;
  const int64_t groups = strip.cols / 32;
  for (int64_t group = 0; group < groups; ++group, w += F::kBytes, s += F::kScaleBytes) {
    if (half == 0) prefetch<F::kBytes, T>(w);
    const Int8Record* record = x + group / 8 * stride;
    const int g = static_cast<int>(group % 8);
    constexpr int kParts = F::kHalfGroups ? 2 : 1, kQuads = 8 / kParts;
#pragma GCC unroll 2
    for (int part = 0; part < kParts; ++part) {
      __m256i acc[T];
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        if constexpr (F::kOffsetLog2 == 0)
          acc[t] = _mm256_setzero_si256();
        else
          acc[t] = _mm256_slli_epi32(dword(F::kHalfGroups ? &record[t].negative_sums_16[2 * g + part]
                                                          : &record[t].negative_sums_32[g]),
                                     F::kOffsetLog2);
      }
      add_steps<F::kSigned, F::kAdds, kQuads>([&](int q) { return F::codes(w, part * kQuads + q); },
                                              forgotten(record->codes + 32 * g + 4 * part * kQuads),
                                              _mm256_set1_epi16(1), acc);
      const __m256 d = F::scale(s, part);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const __m256 scale = _mm256_mul_ps(d, _mm256_set1_ps(record[t].scales[g]));
        total[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[t]), scale, total[t]);
      }
    }
    if constexpr (F::kMins) {
      const __m256 m = halves(s + 32);
#pragma GCC unroll 4
      for (int t = 0; t < T; ++t) {
        const float sum = static_cast<float>(-record[t].negative_sums_32[g]) * record[t].scales[g];
        total[t] = _mm256_fmadd_ps(_mm256_set1_ps(sum), m, total[t]);
      }
    }
  }
}

// ---- Both -------------------------------------------------------------------------------------------------

template <class F, int T>
void sub_tile(const PackedStrip& strip, const Int8Record* x, int64_t stride, float* y, int64_t y_stride) {
  const int halves_used = strip.rows > 8 ? 2 : 1;
  __m256 total[2][T] = {};
  if constexpr (requires { F::kGroup; })
    k_sums<F, T>(strip, halves_used, x, stride, total);
  else
    for (int half = 0; half < halves_used; ++half) legacy_sums<F, T>(strip, half, x, stride, total[half]);
  for (int half = 0; half < halves_used; ++half) store_half(strip, half, total[half], y, y_stride);
}

template <class F>
void multiply(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  const auto* x = static_cast<const Int8Record*>(records);
  in_sub_tiles(tokens,
               [&]<int T>(int t) { sub_tile<F, T>(strip, x + t, tokens, y + t * y_stride, y_stride); });
}

// ---- Activations ------------------------------------------------------------------------------------------

inline float largest(const float* x, int64_t count) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 most = _mm256_setzero_ps();
  for (int64_t i = 0; i < count; i += 8)
    most = _mm256_max_ps(most, _mm256_and_ps(_mm256_loadu_ps(x + i), magnitude));
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, most);
  float result = lanes[0];
  for (int i = 1; i < 8; ++i) result = lanes[i] > result ? lanes[i] : result;
  return result;
}

// code = round(x · 127 / max |x|), ties to even; scale = max |x| / 127.
void to_int8(const float* x, int64_t cols, RecordKind kind, Int8Record* records, int64_t stride) {
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, records += stride) {
    const int64_t here = cols - begin < kRecordColumns ? cols - begin : kRecordColumns;
    Int8Record& record = *records;
    const float most = kind == RecordKind::int8_per_256 ? largest(x + begin, here) : 0.0f;
    for (int g = 0; g < 8; ++g) {
      const float* group = x + begin + 32 * g;
      const bool exists = 32 * g < here;
      const float range = !exists ? 0.0f : kind == RecordKind::int8_per_256 ? most : largest(group, 32);
      const __m256 inverse = _mm256_set1_ps(range > 0.0f ? 127.0f / range : 0.0f);
      record.scales[g] = range / 127.0f;
      int sum = 0;
      for (int half = 0; half < 2; ++half) {
        int negative = 0;
        for (int i = 16 * half; i < 16 * half + 16; i += 8) {
          const __m256 values = exists ? _mm256_loadu_ps(group + i) : _mm256_setzero_ps();
          alignas(32) int32_t codes[8];
          _mm256_store_si256(reinterpret_cast<__m256i*>(codes),
                             _mm256_cvtps_epi32(_mm256_mul_ps(values, inverse)));
          for (int j = 0; j < 8; ++j) {
            record.codes[32 * g + i + j] = static_cast<int8_t>(codes[j]);
            negative -= codes[j];
          }
        }
        record.negative_sums_16[2 * g + half] = negative;
        sum += negative;
      }
      record.negative_sums_32[g] = sum;
      record.sums_32[g] = static_cast<int16_t>(-sum);
    }
  }
}

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 64, _mm256_setzero_si256(), _mm256_set1_epi8(1), [](__m256i sum, __m256i a) {
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(a, a));
  });
}

template <class F>
constexpr PackedKernel k_kernel() {
  return {F::kType, RecordKind::int8_per_256, multiply<F>};
}
template <class F>
constexpr PackedKernel kernel() {
  return {F::kType, RecordKind::int8_per_32, multiply<F>};
}

constexpr PackedKernel kKernels[] = {
    k_kernel<Q4K>(), k_kernel<Q5K>(), k_kernel<Q6K>(),       k_kernel<Iq4Xs>(), kernel<Q80>(),
    kernel<Q40>(),   kernel<Q41>(),   kernel<Q50>(),         kernel<Q51>(),     kernel<Iq4Nl>(),
    kernel<Mxfp4>(), kernel<Nvfp4>(), kernel<Nvfp4Packed>(),
};

}  // namespace

constinit const PackedKernels kAvx2Int8Kernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .to_int8 = to_int8, .spin = spin};

}  // namespace sirocco
