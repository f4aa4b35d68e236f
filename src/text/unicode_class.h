// SPDX-License-Identifier: Apache-2.0
// What the pre-tokeniser asks about a character. The table comes from the pinned reference's own regex engine
// (reference/unicode_table.py): its Unicode version differs from ICU's and Python's on thousands of code
// points.
#pragma once

#include <array>
#include <cstdint>

namespace sirocco {

// Sets of the splitting pattern, as bits. With L letters, N numbers, M marks, S white space:
inline constexpr uint8_t kUpperSet = 1;     // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
inline constexpr uint8_t kLowerSet = 2;     // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
inline constexpr uint8_t kNumber = 4;       // \p{N}
inline constexpr uint8_t kSpace = 8;        // \s
inline constexpr uint8_t kNewline = 16;     // [\r\n]
inline constexpr uint8_t kWordPrefix = 32;  // [^\r\n\p{L}\p{N}]
inline constexpr uint8_t kSymbol = 64;      // [^\s\p{L}\p{N}]

// Table letter of a code point: n newline, s other white space, U upper or title case, l lower case,
// o letter without case, m mark, d number, p anything else. REQUIRES: code_point <= 0x10FFFF.
char unicode_letter_class(uint32_t code_point);

uint8_t unicode_sets(uint32_t code_point);
// The same for the characters of one byte.
extern const std::array<uint8_t, 128> kAsciiSets;

}  // namespace sirocco
