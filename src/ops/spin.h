// SPDX-License-Identifier: Apache-2.0
// The loop of every PackedKernels::spin: one instruction on registers alone, as often as its latency needs company.
// Internal linkage: each file compiles its own copy for its own instruction set (ARCHITECTURE.md, "ISA files").
#pragma once

#include <cstdint>

namespace sirocco {
namespace {

// The compiler has `value` in a vector register here, and knows nothing of it.
template <class Value>
inline void in_register(Value& value) {
#if defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+x"(value));
#endif
}

// Runs sum = step(sum, a) on twelve sums, `rounds` times; returns the operations done, `operations` a step.
template <class Sum, class Operand, class Step>
inline int64_t spin_sums(int64_t rounds, int operations, Sum zero, Operand a, const Step& step) {
  constexpr int kSums = 12;
  Sum sum[kSums];
#pragma GCC unroll 12
  for (auto& value : sum) {
    value = zero;
    in_register(value);  // or they are one and the same
  }
  for (int64_t i = 0; i < rounds; ++i) {
    in_register(a);  // keeps the loop a loop
#pragma GCC unroll 12
    for (auto& value : sum) value = step(value, a);
  }
#pragma GCC unroll 12  // an array that a loop walks would lie in memory all the time
  for (auto& value : sum) in_register(value);
  return rounds * kSums * operations;
}

}  // namespace
}  // namespace sirocco
