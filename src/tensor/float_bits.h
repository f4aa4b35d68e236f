// SPDX-License-Identifier: Apache-2.0
// Scalar conversions between float32 and the narrow formats; rounding is to nearest, ties to even. These are
// the definitions: f16 is IEEE 754 binary16, bf16 its truncated-exponent cousin, e4m3 is the "fn" variant
// (no infinities, NaN = 0x7f/0xff, largest 448; OCP 8-bit floating point), e2m1 and e8m0 are OCP MX v1.0.
// None depends on the processor's treatment of denormals except where the float32 result itself is one.
#pragma once

#include <bit>
#include <cstdint>

namespace sirocco {

constexpr float f32_from_bits(uint32_t bits) {
  return std::bit_cast<float>(bits);
}
constexpr uint32_t f32_bits(float value) {
  return std::bit_cast<uint32_t>(value);
}

constexpr float f32_from_bf16(uint16_t code) {
  return f32_from_bits(static_cast<uint32_t>(code) << 16);
}

constexpr uint16_t bf16_from_f32(float value) {
  const uint32_t bits = f32_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);  // quiet NaN
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Without a branch: all cases are cheap and safe to form, and loops over masks vectorise on every machine.
constexpr uint32_t select_bits(bool condition, uint32_t yes, uint32_t no) {
  const uint32_t mask = 0u - static_cast<uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

constexpr float f32_from_f16(uint16_t code) {
  const uint32_t sign = (code & 0x8000u) << 16, magnitude = code & 0x7fffu;
  const uint32_t tiny = f32_bits(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f);
  const uint32_t rebiased = (magnitude << 13) + ((127u - 15u) << 23);
  const uint32_t special = 0x7f800000u | (magnitude << 13);
  const uint32_t finite = select_bits(magnitude < 0x0400u, tiny, rebiased);
  return f32_from_bits(sign | select_bits(magnitude >= 0x7c00u, special, finite));
}

constexpr float f32_from_e4m3(uint8_t code) {
  const uint32_t sign = (code & 0x80u) << 24, magnitude = code & 0x7fu;
  const uint32_t tiny = f32_bits(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-9f);
  const uint32_t rebiased = (magnitude << 20) + ((127u - 7u) << 23);
  const uint32_t finite = select_bits(magnitude < 0x08u, tiny, rebiased);
  return f32_from_bits(sign | select_bits(magnitude == 0x7fu, 0x7fc00000u, finite));
}

// The upper half of an f16.
constexpr float f32_from_e5m2(uint8_t code) {
  return f32_from_f16(static_cast<uint16_t>(static_cast<uint32_t>(code) << 8));
}

// Low 4 bits: ±{0, .5, 1, 1.5, 2, 3, 4, 6}.
constexpr float f32_from_e2m1(uint8_t nibble) {
  const uint32_t sign = (nibble & 8u) << 28, magnitude = nibble & 7u;
  const uint32_t rebiased = (magnitude << 22) + ((127u - 1u) << 23);
  const uint32_t tiny = magnitude == 0 ? 0u : 0x3f000000u;
  return f32_from_bits(sign | (magnitude < 2 ? tiny : rebiased));
}

// 2^(code - 127), a float32 denormal for code 0; 255 is NaN.
constexpr float f32_from_e8m0(uint8_t code) {
  if (code == 0) return 0x1p-127f;
  return f32_from_bits(code == 255 ? 0x7fc00000u : static_cast<uint32_t>(code) << 23);
}

uint16_t f16_from_f32(float value);  // overflows to infinity
uint8_t e4m3_from_f32(float value);  // saturates to ±448; NaN stays NaN

}  // namespace sirocco
