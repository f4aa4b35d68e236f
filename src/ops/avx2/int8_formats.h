// SPDX-License-Identifier: Apache-2.0
// How the AVX2 kernels read each packed type: eight rows a register, four columns a line, as unsigned codes of
// which kOffset = 2^kOffsetLog2 is to be taken off, or as signed ones. kAdds: how many lines' sums of two
// products fit in 16 bits, the offset gone (additions may wrap in between; vpmaddubsw itself never saturates).
// Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "ops/avx2/lanes.h"
#include "ops/int8_layouts.h"
#include "tensor/iq_grids.h"

namespace sirocco {
namespace {

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

// ---- K types: blocks of 256 columns -------------------------------------------------------------------

// 6-bit scales and mins of q4_k and q5_k, see pack.cc. scales: [8, 16] bytes; mins: [4, 16, 2] bytes.
inline void unpack_k_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  for (int i = 0; i < 64; i += 32) {
    const __m256i s = load(packed + i), m = load(packed + 64 + i), top = load(packed + 128 + i);
    store(scales + i, and_or(shifted<4>(top), 0x30, low_nibbles(s)));
    store(scales + 64 + i, and_or(shifted<2>(top), 0x30, high_nibbles(s)));
    store(mins + i, and_or(top, 0x30, low_nibbles(m)));
    store(mins + 64 + i, and_or(shifted<-2>(top), 0x30, high_nibbles(m)));
  }
}

// Sixteen scales of q3_k, less 32. scales: [16, 16] bytes.
inline void unpack_q3_scales(const uint8_t* packed, uint8_t* scales) {
  unpack_k_scales(packed, scales, scales + 128);
  for (int i = 0; i < 256; i += 32) store(scales + i, _mm256_sub_epi8(load(scales + i), _mm256_set1_epi8(32)));
}

// The lower four bits of 128 bytes, then the upper ones.
inline void unpack_nibbles(const uint8_t* packed, uint8_t* out) {
  for (int i = 0; i < 128; i += 32) {
    store(out + i, low_nibbles(load(packed + i)));
    store(out + 128 + i, high_nibbles(load(packed + i)));
  }
}

struct Q2K : Q2KLayout {
  static constexpr int kOffsetLog2 = 0, kAdds = 4;
  static constexpr bool kSigned = false;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_nibbles(packed, scales);
    unpack_nibbles(packed + 128, mins);
  }
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 5 + G / 8 * 8 + G % 2 * 4 + q);
    return _mm256_and_si256(shifted<-(G % 8 / 2 * 2)>(v), _mm256_set1_epi8(3));
  }
};

struct Q3K : Q3KLayout {
  static constexpr int kOffsetLog2 = 2, kAdds = 4;
  static constexpr bool kSigned = false;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) { unpack_q3_scales(packed, scales); }
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2;  // of 32 columns: two bits of a line, and one of the lines of third bits
    const __m256i v = line(w, 11 + G / 8 * 8 + G % 2 * 4 + q), top = line(w, 3 + G % 2 * 4 + q);
    const __m256i low = _mm256_and_si256(shifted<-(kRun % 4 * 2)>(v), _mm256_set1_epi8(3));
    return and_or(shifted<2 - kRun>(top), 4, low);
  }
};

struct Q4K : Q4KLayout {
  static constexpr int kOffsetLog2 = 0, kAdds = 8;
  static constexpr bool kSigned = false;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 4 + G / 2 * 8 + q);
    return G % 2 ? high_nibbles(v) : low_nibbles(v);
  }
};

struct Q5K : Q5KLayout {
  static constexpr int kOffsetLog2 = 0, kAdds = 4;
  static constexpr bool kSigned = false;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 12 + G / 2 * 8 + q);
    return and_or(shifted<4 - G>(line(w, 4 + q)), 0x10, G % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Q6K : Q6KLayout {
  static constexpr int kOffsetLog2 = 5, kAdds = 4;
  static constexpr bool kSigned = false;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2, kFirst = 4 + 24 * (kRun / 4) + 12 * (G % 2);
    const __m256i v = line(w, kFirst + 4 * (kRun % 2) + q);
    const __m256i top = shifted<4 - 2 * (kRun % 4)>(line(w, kFirst + 8 + q));
    return and_or(top, 0x30, kRun / 2 % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Iq4Xs : Iq4XsLayout {
  static constexpr int kOffsetLog2 = 0, kAdds = 1;
  static constexpr bool kSigned = true;
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    const __m256i v = line(w, 4 * G + q % 4);
    return iq4_values(q < 4 ? low_nibbles(v) : high_nibbles(v));
  }
};

// Scales 2 · s + 1 of four bits, `bytes` of them below as many.
inline void unpack_odd_scales(const uint8_t* packed, int bytes, uint8_t* scales) {
  for (int i = 0; i < bytes; i += 32) {
    const __m256i one = _mm256_set1_epi8(1), low = low_nibbles(load(packed + i)), high = high_nibbles(load(packed + i));
    store(scales + i, _mm256_or_si256(_mm256_add_epi8(low, low), one));
    store(scales + bytes + i, _mm256_or_si256(_mm256_add_epi8(high, high), one));
  }
}

// Looked-up magnitudes under their signs; the largest is below 64.
template <class Layout, const auto& Grid>
struct GridCodes : Layout {
  static constexpr int kOffsetLog2 = 0, kAdds = 2;
  static constexpr bool kSigned = true;
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) {
    unpack_odd_scales(packed, 8 * kGroups<Layout>, scales);
  }
  template <int G>
  static __m256i codes(const uint8_t* w, int q) {
    using Place = GridPlace<Layout, G>;
    __m256i index = _mm256_srli_epi32(line(w, Place::index_line(q)), Place::index_shift(q));
    index = _mm256_and_si256(index, _mm256_set1_epi32(255));
    if constexpr (Layout::kHighBits > 0) {
      const __m256i high = _mm256_srli_epi32(line(w, Place::kHighLine), Place::high_shift(q));
      const __m256i bits = _mm256_and_si256(high, _mm256_set1_epi32(Place::kHighMask));
      index = _mm256_or_si256(index, _mm256_slli_epi32(bits, 8));
    }
    const int* words = reinterpret_cast<const int*>(Grid.entries);
    if constexpr (Layout::kColumns == 8) {
      index = _mm256_add_epi32(index, index);
      words += Place::four(q) % 2;
    }
    const __m256i magnitudes = _mm256_i32gather_epi32(words, index, 4);
    return under_signs(magnitudes, line(w, Place::kSignLine), Place::four(q));
  }
  // Bits 4 · four … 4 · four + 3 of each dword are the signs of its bytes.
  static __m256i under_signs(__m256i bytes, __m256i signs, int four) {
    const __m256i spread = _mm256_add_epi8(
        _mm256_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12,
                         12, 12, 12),
        _mm256_set1_epi8(static_cast<char>(four / 2)));
    const __m256i bits = _mm256_set1_epi32(four % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010u));
    const __m256i set = _mm256_and_si256(_mm256_shuffle_epi8(signs, spread), bits);
    const __m256i minus = _mm256_cmpeq_epi8(set, bits);
    return _mm256_sub_epi8(_mm256_xor_si256(bytes, minus), minus);
  }
};
struct Iq2Xxs : GridCodes<Iq2XxsLayout, kIq2XxsGrid> {};
struct Iq2Xs : GridCodes<Iq2XsLayout, kIq2XsGrid> {};
struct Iq2S : GridCodes<Iq2SLayout, kIq2SGrid> {};
struct Iq3Xxs : GridCodes<Iq3XxsLayout, kIq3XxsGrid> {};
struct Iq3S : GridCodes<Iq3SLayout, kIq3SGrid> {};

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

struct Q80 : Q80Layout {
  static constexpr int kOffsetLog2 = 0, kAdds = 1;
  static constexpr bool kSigned = true;
  static __m256i codes(const uint8_t* w, int q) { return line(w, q); }
  static __m256 scale(const uint8_t* s, int) { return halves(s); }
};
template <class Layout>
struct Nibbles : Layout {
  static constexpr int kOffsetLog2 = 3, kAdds = 8;
  static constexpr bool kSigned = false;
  static __m256i codes(const uint8_t* w, int q) { return nibbles(w, q); }
  static __m256 scale(const uint8_t* s, int) { return halves(s); }
};
template <class Layout>
struct FiveBits : Nibbles<Layout> {
  static constexpr int kOffsetLog2 = 4, kAdds = 8;
  static __m256i codes(const uint8_t* w, int q) { return five_bits(w, q); }
};
struct Q40 : Nibbles<Q40Layout> {};
struct Q41 : Nibbles<Q41Layout> {
  static constexpr int kOffsetLog2 = 0;
};
struct Q50 : FiveBits<Q50Layout> {};
struct Q51 : FiveBits<Q51Layout> {
  static constexpr int kOffsetLog2 = 0, kAdds = 4;
};
struct Iq4Nl : Nibbles<Iq4NlLayout> {
  static constexpr int kOffsetLog2 = 0, kAdds = 1;
  static constexpr bool kSigned = true;
  static __m256i codes(const uint8_t* w, int q) { return iq4_values(nibbles(w, q)); }
};
struct Mxfp4 : Nibbles<Mxfp4Layout> {
  static constexpr int kOffsetLog2 = 4, kAdds = 8;
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
template <class Layout>
struct Nvfp4Codes : Layout {
  static constexpr int kOffsetLog2 = 4, kAdds = 4;
  static constexpr bool kSigned = false;
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
struct Nvfp4 : Nvfp4Codes<Nvfp4Layout> {};
struct Nvfp4Packed : Nvfp4Codes<Nvfp4PackedLayout> {};

}  // namespace
}  // namespace sirocco
