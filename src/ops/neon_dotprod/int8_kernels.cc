// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations by sdot: four rows' products of four columns an instruction.
#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/int8_records.h"
#include "ops/neon_dotprod/int8_tiles.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

// A panel's lines one after the other.
struct Sdot {
  template <int Lines, class Codes>
  static void store(const Codes& codes, int8_t* panel) {
#pragma GCC unroll 8
    for (int q = 0; q < Lines; ++q)
#pragma GCC unroll 4
      for (int i = 0; i < kQuarters; ++i) vst1q_s8(panel + 64 * q + 16 * i, codes(q, i));
  }
  template <int Lines, int T>
  static void sums(const int8_t* panel, const Int8Record* x, int column, Sums<T>& sums) {
    sdot_lines<Lines, T>([panel](int q, int i) { return vld1q_s8(panel + 64 * q + 16 * i); }, x, column, sums);
  }
};

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 32, vdupq_n_s32(0), vdupq_n_s8(1),
                   [](int32x4_t sum, int8x16_t a) { return vdotq_s32(sum, a, a); });
}

}  // namespace

constinit const PackedKernels kNeonDotprodKernels{.kernels = Int8Kernels<Sdot>::kAll,
                                                  .count = Int8Kernels<Sdot>::kCount,
                                                  .to_int8 = to_int8,
                                                  .spin = spin};

}  // namespace sirocco
