// SPDX-License-Identifier: Apache-2.0
// The stream and the hash of reference/block_goldens.py, so that goldens hold hashes and no bytes.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "tensor/float_bits.h"

namespace sirocco {

// SplitMix64 in counter mode, little-endian words.
inline std::vector<std::byte> stream_bytes(uint64_t seed, int64_t count) {
  std::vector<std::byte> bytes(static_cast<size_t>(count + 7) / 8 * 8);
  for (uint64_t i = 0; i < bytes.size() / 8; ++i) {
    uint64_t z = seed + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    std::memcpy(bytes.data() + 8 * i, &z, 8);
  }
  bytes.resize(static_cast<size_t>(count));
  return bytes;
}

inline uint32_t canonical_bits(float value) {
  return std::isnan(value) ? 0x7fc00000u : f32_bits(value);
}

// Sum over i of (word_i + 1) · M^(i + 1) mod 2^64.
class PolynomialHash {
 public:
  void add(uint64_t word) {
    power_ *= 0x9e3779b97f4a7c15u;
    sum_ += (word + 1) * power_;
  }
  uint64_t value() const { return sum_; }

 private:
  uint64_t power_ = 1, sum_ = 0;
};

inline uint64_t hash_words(std::span<const uint64_t> words) {
  PolynomialHash hash;
  for (const uint64_t word : words) hash.add(word);
  return hash.value();
}

inline uint64_t hash_floats(const float* values, int64_t count) {
  PolynomialHash hash;
  for (int64_t i = 0; i < count; ++i) hash.add(canonical_bits(values[i]));
  return hash.value();
}

inline std::string hex(uint64_t value, int digits) {
  return fmt::format("{:0{}x}", value, digits);
}

}  // namespace sirocco
