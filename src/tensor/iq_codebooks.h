// SPDX-License-Identifier: Apache-2.0
// The codebooks of the IQ block types, facts of the format: each entry holds the values of 8 (or 4) elements,
// a byte each, the first element in the lowest byte. The magnitudes of IQ2 and IQ3 are unsigned and take
// their signs from elsewhere in the block; IQ1's bytes are signed (-1, 0, 1). Filled by iq_codebooks.cc,
// which reference/iq_codebooks.py writes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace sirocco {

extern const std::array<uint64_t, 2048> kIq1Grid;    // iq1_s, iq1_m
extern const std::array<uint64_t, 256> kIq2XxsGrid;  // values 8, 25, 43
extern const std::array<uint64_t, 512> kIq2XsGrid;
extern const std::array<uint64_t, 1024> kIq2SGrid;
extern const std::array<uint32_t, 256> kIq3XxsGrid;  // values 4, 12, … 52, 62
extern const std::array<uint32_t, 512> kIq3SGrid;    // values 1, 3, … 15

// The 16 values behind the nibbles of iq4_nl and iq4_xs.
inline constexpr std::array<int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

// Seven stored sign bits; the eighth makes the number of minus signs even.
constexpr uint32_t even_signs(uint32_t seven_bits) {
  return seven_bits | ((static_cast<uint32_t>(std::popcount(seven_bits)) & 1u) << 7);
}

}  // namespace sirocco
