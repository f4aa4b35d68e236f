// SPDX-License-Identifier: Apache-2.0
// The 256 bytes as byte-level vocabularies spell them: itself where it is printable, else the next code point from 256
// on. For the fuzz targets, whose inputs leave these pieces out; the product only reads them (byte_level.cc).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "text/utf8.h"

namespace sirocco {

inline std::array<std::string, 256> byte_alphabet() {
  std::array<std::string, 256> pieces;
  uint32_t next = 0x100;
  for (uint32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    append_utf8(printable ? b : next++, pieces[b]);
  }
  return pieces;
}

}  // namespace sirocco
