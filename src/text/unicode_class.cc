// SPDX-License-Identifier: Apache-2.0
#include "text/unicode_class.h"

#include <array>

#include "base/check.h"

namespace sirocco {
namespace {

#include "text/unicode_table.inc"

constexpr std::array<uint8_t, 128> kSetsOfLetter = [] {
  std::array<uint8_t, 128> sets{};
  sets['n'] = kSpace | kNewline;
  sets['s'] = kSpace | kWordPrefix;
  sets['U'] = kUpperSet;
  sets['l'] = kLowerSet;
  sets['o'] = kUpperSet | kLowerSet;
  sets['m'] = kUpperSet | kLowerSet | kWordPrefix | kSymbol;
  sets['d'] = kNumber;
  sets['p'] = kWordPrefix | kSymbol;
  return sets;
}();

constexpr std::array<uint8_t, 128> ascii_sets() {
  std::array<uint8_t, 128> sets{};
  for (size_t c = 0; c < 128; ++c)
    sets[c] = kSetsOfLetter[static_cast<unsigned char>(kBlocks[kBlockOf[0]][c])];
  return sets;
}

}  // namespace

constexpr std::array<uint8_t, 128> kAsciiSets = ascii_sets();

char unicode_letter_class(uint32_t code_point) {
  DCHECK(code_point <= 0x10FFFF);
  return kBlocks[kBlockOf[code_point >> 8]][code_point & 0xFF];
}

uint8_t unicode_sets(uint32_t code_point) {
  return kSetsOfLetter[static_cast<unsigned char>(unicode_letter_class(code_point))];
}

}  // namespace sirocco
