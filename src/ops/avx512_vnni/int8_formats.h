// SPDX-License-Identifier: Apache-2.0
// How the AVX-512 kernels read each packed type: sixteen rows a register, four columns a line, as unsigned codes of
// which 2^kOffsetLog2 is to be taken off (0: nothing). Internal linkage: ISA files compile their own copy
// (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/int8_layouts.h"
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

// Kernel::of<F>() for every format F above, always in this order.
template <class Kernel>
struct Int8Kernels {
  static constexpr int kCount = 20;
  static constexpr PackedKernel kAll[kCount] = {
      Kernel::template of<Q2K>(),    Kernel::template of<Q3K>(),   Kernel::template of<Q4K>(),
      Kernel::template of<Q5K>(),    Kernel::template of<Q6K>(),   Kernel::template of<Iq2Xxs>(),
      Kernel::template of<Iq2Xs>(),  Kernel::template of<Iq2S>(),  Kernel::template of<Iq3Xxs>(),
      Kernel::template of<Iq3S>(),   Kernel::template of<Iq4Xs>(), Kernel::template of<Q80>(),
      Kernel::template of<Q40>(),    Kernel::template of<Q41>(),   Kernel::template of<Q50>(),
      Kernel::template of<Q51>(),    Kernel::template of<Iq4Nl>(), Kernel::template of<Mxfp4>(),
      Kernel::template of<Nvfp4>(),  Kernel::template of<Nvfp4Packed>(),
  };
};

}  // namespace
}  // namespace sirocco
