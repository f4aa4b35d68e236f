// SPDX-License-Identifier: Apache-2.0
// A set of tokens as bits: token t is bit t % 32 of word t / 32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sirocco {

inline constexpr size_t kMaskBits = 32;  // of a word

inline size_t mask_words(size_t vocabulary) {
  return (vocabulary + kMaskBits - 1) / kMaskBits;
}
inline void allow(std::span<uint32_t> mask, int32_t token) {
  const auto t = static_cast<size_t>(token);
  mask[t / kMaskBits] |= uint32_t{1} << (t % kMaskBits);
}
inline bool is_allowed(std::span<const uint32_t> mask, int32_t token) {
  const auto t = static_cast<size_t>(token);
  return (mask[t / kMaskBits] >> (t % kMaskBits) & 1U) != 0;
}

}  // namespace sirocco
