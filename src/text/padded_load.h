// SPDX-License-Identifier: Apache-2.0
// Short byte strings as integers, for hashing and comparing in one step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sirocco {

// The first `length_bytes` (1…8) bytes at p, zero-padded; reads no byte at or behind `limit`.
inline uint64_t load_padded(const char* p, size_t length_bytes, const char* limit) {
  uint64_t value = 0;
  if (limit - p >= 8) {
    std::memcpy(&value, p, 8);
    return value & (~uint64_t{0} >> (64 - 8 * length_bytes));
  }
  std::memcpy(&value, p, length_bytes);
  return value;
}

// Both halves of the 128-bit product, folded: a fast hash of a word.
inline uint64_t mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace sirocco
