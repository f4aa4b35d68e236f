// SPDX-License-Identifier: Apache-2.0
// How the NEON kernels read each packed type: four rows a register, four columns a line, as signed codes whose
// offset is off already. Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "ops/int8_layouts.h"
#include "ops/neon/lanes.h"
#include "tensor/iq_grids.h"

namespace sirocco {
namespace {

inline uint8x16_t line(const uint8_t* lines, int64_t index) {  // of four rows
  return vld1q_u8(lines + 64 * index);
}
inline uint8x16_t low_nibbles(uint8x16_t v) {
  return vandq_u8(v, vdupq_n_u8(15));
}
inline uint8x16_t high_nibbles(uint8x16_t v) {
  return vshrq_n_u8(v, 4);
}
template <int Shift>  // of the bits within bytes; negative shifts right
inline uint8x16_t shifted(uint8x16_t v) {
  if constexpr (Shift > 0) return vshlq_n_u8(v, Shift);
  if constexpr (Shift < 0) return vshrq_n_u8(v, -Shift);
  return v;
}
inline uint8x16_t and_or(uint8x16_t a, uint8_t mask, uint8x16_t b) {
  return vorrq_u8(vandq_u8(a, vdupq_n_u8(mask)), b);
}
inline int8x16_t less(uint8x16_t codes, int8_t offset) {
  return vsubq_s8(vreinterpretq_s8_u8(codes), vdupq_n_s8(offset));
}
inline int8x16_t looked_up(const int8_t (&table)[16], uint8x16_t nibbles) {
  return vqtbl1q_s8(vld1q_s8(table), nibbles);
}
inline int8x16_t iq4_values(uint8x16_t nibbles) {
  static constexpr int8_t kValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  return looked_up(kValues, nibbles);
}
inline int8x16_t e2m1_doubled(uint8x16_t nibbles) {
  static constexpr int8_t kValues[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  return looked_up(kValues, nibbles);
}
inline uint32x4_t four_bytes(const uint8_t* p) {
  uint32_t all;
  __builtin_memcpy(&all, p, sizeof all);
  return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(all))));
}

// ---- K types: blocks of 256 columns -------------------------------------------------------------------

// 6-bit scales and mins of q4_k and q5_k, see pack.cc. scales: [8, 16] bytes; mins: [4, 16, 2] bytes.
inline void unpack_k_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
  for (int i = 0; i < 64; i += 16) {
    const uint8x16_t s = vld1q_u8(packed + i), m = vld1q_u8(packed + 64 + i), top = vld1q_u8(packed + 128 + i);
    vst1q_u8(scales + i, and_or(shifted<4>(top), 0x30, low_nibbles(s)));
    vst1q_u8(scales + 64 + i, and_or(shifted<2>(top), 0x30, high_nibbles(s)));
    vst1q_u8(mins + i, and_or(top, 0x30, low_nibbles(m)));
    vst1q_u8(mins + 64 + i, and_or(shifted<-2>(top), 0x30, high_nibbles(m)));
  }
}

// Sixteen scales of q3_k, less 32. scales: [16, 16] bytes.
inline void unpack_q3_scales(const uint8_t* packed, uint8_t* scales) {
  unpack_k_scales(packed, scales, scales + 128);
  for (int i = 0; i < 256; i += 16) vst1q_u8(scales + i, vsubq_u8(vld1q_u8(scales + i), vdupq_n_u8(32)));
}

// The lower four bits of 128 bytes, then the upper ones.
inline void unpack_nibbles(const uint8_t* packed, uint8_t* out) {
  for (int i = 0; i < 128; i += 16) {
    vst1q_u8(out + i, low_nibbles(vld1q_u8(packed + i)));
    vst1q_u8(out + 128 + i, high_nibbles(vld1q_u8(packed + i)));
  }
}

struct Q2K : Q2KLayout {
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_nibbles(packed, scales);
    unpack_nibbles(packed + 128, mins);
  }
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    const uint8x16_t v = line(w, 5 + G / 8 * 8 + G % 2 * 4 + q);
    return vreinterpretq_s8_u8(vandq_u8(shifted<-(G % 8 / 2 * 2)>(v), vdupq_n_u8(3)));
  }
};

struct Q3K : Q3KLayout {
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) { unpack_q3_scales(packed, scales); }
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2;  // of 32 columns: two bits of a line, and one of the lines of third bits
    const uint8x16_t v = line(w, 11 + G / 8 * 8 + G % 2 * 4 + q), top = line(w, 3 + G % 2 * 4 + q);
    const uint8x16_t low = vandq_u8(shifted<-(kRun % 4 * 2)>(v), vdupq_n_u8(3));
    return less(and_or(shifted<2 - kRun>(top), 4, low), 4);
  }
};

struct Q4K : Q4KLayout {
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    const uint8x16_t v = line(w, 4 + G / 2 * 8 + q);
    return vreinterpretq_s8_u8(G % 2 ? high_nibbles(v) : low_nibbles(v));
  }
};

struct Q5K : Q5KLayout {
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t* mins) {
    unpack_k_scales(packed, scales, mins);
  }
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    const uint8x16_t v = line(w, 12 + G / 2 * 8 + q);
    const uint8x16_t fifth = shifted<4 - G>(line(w, 4 + q));
    return vreinterpretq_s8_u8(and_or(fifth, 0x10, G % 2 ? high_nibbles(v) : low_nibbles(v)));
  }
};

struct Q6K : Q6KLayout {
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    constexpr int kRun = G / 2, kFirst = 4 + 24 * (kRun / 4) + 12 * (G % 2);
    const uint8x16_t v = line(w, kFirst + 4 * (kRun % 2) + q);
    const uint8x16_t top = shifted<4 - 2 * (kRun % 4)>(line(w, kFirst + 8 + q));
    return less(and_or(top, 0x30, kRun / 2 % 2 ? high_nibbles(v) : low_nibbles(v)), 32);
  }
};

struct Iq4Xs : Iq4XsLayout {
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    const uint8x16_t v = line(w, 4 * G + q % 4);
    return iq4_values(q < 4 ? low_nibbles(v) : high_nibbles(v));
  }
};

// Scales 2 · s + 1 of four bits, `bytes` of them below as many.
inline void unpack_odd_scales(const uint8_t* packed, int bytes, uint8_t* scales) {
  for (int i = 0; i < bytes; i += 16) {
    const uint8x16_t one = vdupq_n_u8(1), v = vld1q_u8(packed + i);
    vst1q_u8(scales + i, vorrq_u8(vshlq_n_u8(low_nibbles(v), 1), one));
    vst1q_u8(scales + bytes + i, vorrq_u8(vshlq_n_u8(high_nibbles(v), 1), one));
  }
}

// Looked-up magnitudes under their signs.
template <class Layout, const auto& Grid>
struct GridCodes : Layout {
  static void unpack_scales(const uint8_t* packed, uint8_t* scales, uint8_t*) {
    unpack_odd_scales(packed, 8 * kGroups<Layout>, scales);
  }
  template <int G>
  static int8x16_t codes(const uint8_t* w, int q) {
    using Place = GridPlace<Layout, G>;
    uint32_t low[4], high[4], words[4];
    __builtin_memcpy(low, w + 64 * Place::index_line(q), sizeof low);
    if constexpr (Layout::kHighBits > 0) __builtin_memcpy(high, w + 64 * Place::kHighLine, sizeof high);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      uint32_t index = (low[r] >> Place::index_shift(q)) & 255u;
      if constexpr (Layout::kHighBits > 0)
        index |= ((high[r] >> Place::high_shift(q)) & static_cast<uint32_t>(Place::kHighMask)) << 8;
      if constexpr (Layout::kColumns == 8)
        words[r] = static_cast<uint32_t>(Grid.entries[index] >> (Place::four(q) % 2 * 32));
      else
        words[r] = Grid.entries[index];
    }
    return under_signs(vreinterpretq_u8_u32(vld1q_u32(words)), line(w, Place::kSignLine), Place::four(q));
  }
  // Bits 4 · four … 4 · four + 3 of each dword are the signs of its bytes.
  static int8x16_t under_signs(uint8x16_t bytes, uint8x16_t signs, int four) {
    static constexpr uint8_t kDwords[16] = {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12};
    const uint8x16_t spread = vaddq_u8(vld1q_u8(kDwords), vdupq_n_u8(static_cast<uint8_t>(four / 2)));
    const uint8x16_t bits = vreinterpretq_u8_u32(vdupq_n_u32(four % 2 == 0 ? 0x08040201u : 0x80402010u));
    const uint8x16_t minus = vtstq_u8(vqtbl1q_u8(signs, spread), bits);
    return vreinterpretq_s8_u8(vsubq_u8(veorq_u8(bytes, minus), minus));
  }
};
struct Iq2Xxs : GridCodes<Iq2XxsLayout, kIq2XxsGrid> {};
struct Iq2Xs : GridCodes<Iq2XsLayout, kIq2XsGrid> {};
struct Iq2S : GridCodes<Iq2SLayout, kIq2SGrid> {};
struct Iq3Xxs : GridCodes<Iq3XxsLayout, kIq3XxsGrid> {};
struct Iq3S : GridCodes<Iq3SLayout, kIq3SGrid> {};

// ---- Types of 32 columns with float scales --------------------------------------------------------------

inline uint8x16_t nibbles(const uint8_t* w, int q) {
  const uint8x16_t v = line(w, q % 4);
  return q < 4 ? low_nibbles(v) : high_nibbles(v);
}
// Bit q of each byte of the line behind the nibbles is the fifth bit.
inline uint8x16_t five_bits(const uint8_t* w, int q) {
  const uint8x16_t fifth = vshlq_u8(line(w, 4), vdupq_n_s8(static_cast<int8_t>(4 - q)));
  return and_or(fifth, 0x10, nibbles(w, q));
}

struct Q80 : Q80Layout {
  static int8x16_t codes(const uint8_t* w, int q) { return vreinterpretq_s8_u8(line(w, q)); }
  static float32x4_t scale(const uint8_t* s, int) { return halves(s); }
};
template <class Layout, int Offset>
struct Nibbles : Layout {
  static int8x16_t codes(const uint8_t* w, int q) { return less(nibbles(w, q), Offset); }
  static float32x4_t scale(const uint8_t* s, int) { return halves(s); }
};
template <class Layout, int Offset>
struct FiveBits : Layout {
  static int8x16_t codes(const uint8_t* w, int q) { return less(five_bits(w, q), Offset); }
  static float32x4_t scale(const uint8_t* s, int) { return halves(s); }
};
struct Q40 : Nibbles<Q40Layout, 8> {};
struct Q41 : Nibbles<Q41Layout, 0> {};
struct Q50 : FiveBits<Q50Layout, 16> {};
struct Q51 : FiveBits<Q51Layout, 0> {};
struct Iq4Nl : Iq4NlLayout {
  static int8x16_t codes(const uint8_t* w, int q) { return iq4_values(nibbles(w, q)); }
  static float32x4_t scale(const uint8_t* s, int) { return halves(s); }
};
struct Mxfp4 : Mxfp4Layout {
  static int8x16_t codes(const uint8_t* w, int q) { return e2m1_doubled(nibbles(w, q)); }
  // 2^(code - 128); the two smallest, 2^-128 and 2^-127, count as 0.
  static float32x4_t scale(const uint8_t* s, int) {
    const uint32x4_t code = four_bytes(s), one = vdupq_n_u32(1);
    const uint32x4_t bits = vshlq_n_u32(vsubq_u32(code, one), 23);
    return vreinterpretq_f32_u32(vandq_u32(bits, vcgtq_u32(code, one)));
  }
};
// Two scales, e4m3, for 16 columns each; lines 0-1 hold the first 16 columns, 2-3 the others.
template <class Layout>
struct Nvfp4Codes : Layout {
  static int8x16_t codes(const uint8_t* w, int q) {
    const uint8x16_t v = line(w, q / 4 * 2 + q % 2);
    return e2m1_doubled(q % 4 < 2 ? low_nibbles(v) : high_nibbles(v));
  }
  // An e4m3 is an f16 whose exponent counts from 15 instead of 7.
  static float32x4_t scale(const uint8_t* s, int half) {
    const uint16x4_t code = vmovn_u32(four_bytes(s + 16 * half));
    const uint16x4_t sign = vshl_n_u16(vand_u16(code, vdup_n_u16(0x80)), 8);
    const uint16x4_t magnitude = vshl_n_u16(vand_u16(code, vdup_n_u16(0x7f)), 7);
    return vmulq_n_f32(vcvt_f32_f16(vreinterpret_f16_u16(vorr_u16(sign, magnitude))), 256.0f);
  }
};
struct Nvfp4 : Nvfp4Codes<Nvfp4Layout> {};
struct Nvfp4Packed : Nvfp4Codes<Nvfp4PackedLayout> {};

}  // namespace
}  // namespace sirocco
