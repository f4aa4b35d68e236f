// SPDX-License-Identifier: Apache-2.0
// What the IQ block types look values up in: the grids, the values of IQ4, and signs.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "tensor/iq_grids.h"

namespace sirocco {

// The 16 values behind the nibbles of iq4_nl and iq4_xs.
inline constexpr std::array<int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

// Seven stored sign bits; the eighth makes the number of minus signs even.
constexpr uint32_t even_signs(uint32_t seven_bits) {
  return seven_bits | ((static_cast<uint32_t>(std::popcount(seven_bits)) & 1u) << 7);
}

}  // namespace sirocco
