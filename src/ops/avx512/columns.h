// SPDX-License-Identifier: Apache-2.0
// Rows that do not end at a whole step of 32 columns. Internal linkage: ISA files compile their own copy
// (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace sirocco {
namespace {

// Which of the 32 columns from k on are before `width`.
inline __mmask32 columns_from(int64_t k, int64_t width) {
  if (k >= width) return 0u;
  return width - k >= 32 ? 0xffffffffu : (1u << (width - k)) - 1u;
}

}  // namespace
}  // namespace sirocco
