// SPDX-License-Identifier: Apache-2.0
// Encoders. Both round small values with one float addition: adding a number whose last bit weighs as much
// as the target's smallest step leaves the rounded count of steps in the low bits of the sum.
#include "tensor/float_bits.h"

#include <cmath>

namespace sirocco {
namespace {

// Rounds the mantissa of a normal value to 23 - `shift` bits and drops the rest.
uint32_t round_shift(uint32_t bits, int shift) {
  const uint32_t half_less_one = (1u << (shift - 1)) - 1u;
  return (bits + half_less_one + ((bits >> shift) & 1u)) >> shift;
}

}  // namespace

uint16_t f16_from_f32(float value) {
  const uint32_t sign = (f32_bits(value) >> 16) & 0x8000u;
  const float magnitude = std::fabs(value);
  uint32_t code = 0;
  if (std::isnan(value))
    code = 0x7e00u | ((f32_bits(value) >> 13) & 0x3ffu);
  else if (magnitude >= 65520.0f)  // halfway between the largest finite and the next step, which ties to even
    code = 0x7c00u;
  else if (magnitude < 0x1p-14f)
    code = f32_bits(magnitude + 0.5f) - f32_bits(0.5f);
  else
    code = round_shift(f32_bits(magnitude), 13) - ((127u - 15u) << 10);
  return static_cast<uint16_t>(sign | code);
}

uint8_t e4m3_from_f32(float value) {
  const uint32_t sign = (f32_bits(value) >> 24) & 0x80u;
  const float magnitude = std::fabs(value);
  uint32_t code = 0;
  if (std::isnan(value))
    code = 0x7fu;
  else if (magnitude >= 448.0f)
    code = 0x7eu;
  else if (magnitude < 0x1p-6f)
    code = f32_bits(magnitude + 0x1p14f) - f32_bits(0x1p14f);
  else
    code = round_shift(f32_bits(magnitude), 20) - ((127u - 7u) << 3);
  return static_cast<uint8_t>(sign | code);
}

}  // namespace sirocco
