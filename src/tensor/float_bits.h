// SPDX-License-Identifier: Apache-2.0
// Scalar conversions between float32 and the narrow formats; rounding is to nearest, ties to even. These are
// the definitions: f16 is IEEE 754 binary16, bf16 its truncated-exponent cousin, e4m3 is the "fn" variant
// (no infinities, NaN = 0x7f/0xff, largest 448; OCP 8-bit floating point), e2m1 and e8m0 are OCP MX v1.0.
#pragma once

#include <bit>
#include <cstdint>

namespace sirocco {

inline float f32_from_bits(uint32_t bits) { return std::bit_cast<float>(bits); }
inline uint32_t f32_bits(float value) { return std::bit_cast<uint32_t>(value); }

inline float f32_from_bf16(uint16_t code) { return f32_from_bits(static_cast<uint32_t>(code) << 16); }

inline uint16_t bf16_from_f32(float value) {
  const uint32_t bits = f32_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);  // quiet NaN
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float f32_from_f16(uint16_t code);
uint16_t f16_from_f32(float value);
float f32_from_e4m3(uint8_t code);
uint8_t e4m3_from_f32(float value);  // saturates to ±448; NaN stays NaN
float f32_from_e5m2(uint8_t code);
float f32_from_e2m1(uint8_t nibble);  // low 4 bits: ±{0, .5, 1, 1.5, 2, 3, 4, 6}
float f32_from_e8m0(uint8_t code);    // 2^(code - 127); 255 is NaN

}  // namespace sirocco
