// SPDX-License-Identifier: Apache-2.0
// The rows of one strip while they are packed.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/packed.h"

namespace sirocco {

using PackRows = const uint8_t* [kStripRows];  // the same block of 16 rows

// Dword i of each row becomes line i.
inline void transpose(const PackRows& rows, int offset, int dwords, uint8_t* lines) {
  for (int i = 0; i < dwords; ++i)
    for (int r = 0; r < kStripRows; ++r) std::memcpy(lines + 64 * i + 4 * r, rows[r] + offset + 4 * i, 4);
}

inline void copy_halves(const PackRows& rows, int offset, uint8_t* out) {
  for (int r = 0; r < kStripRows; ++r) std::memcpy(out + 2 * r, rows[r] + offset, 2);
}

}  // namespace sirocco
