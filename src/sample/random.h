// SPDX-License-Identifier: Apache-2.0
// A counter-based generator: draw n of stream s under a seed is a pure function of the three, so that a
// sequence's random numbers do not depend on who runs beside it, on preemption or on chunking.
// The mixer is SplitMix64's finaliser, applied once per input word.
#pragma once

#include <cstdint>

namespace sirocco {

constexpr uint64_t mix64(uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

// Uniform in [0, 1), 53 bits.
constexpr double uniform_draw(uint64_t seed, uint64_t stream, uint64_t counter) {
  const uint64_t bits = mix64(mix64(mix64(seed) ^ stream) ^ counter);
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace sirocco
