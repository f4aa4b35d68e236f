// SPDX-License-Identifier: Apache-2.0
// Packed block types times int8 activations by smmla: two rows times two tokens over eight columns an instruction.
// A panel holds pairs of rows, eight columns each; three or four tokens are two pairs, of which the last may hold
// one token twice.
#include <arm_neon.h>

#include <cstdint>

#include "ops/neon/int8_records.h"
#include "ops/neon_dotprod/int8_tiles.h"
#include "ops/packed.h"
#include "ops/spin.h"

namespace sirocco {
namespace {

constexpr int kRowPairs = kStripRows / 2;

struct Smmla {
  // Two lines' quarters become two pairs of rows.
  template <int Lines, class Codes>
  static void store(const Codes& codes, int8_t* panel) {
#pragma GCC unroll 4
    for (int q = 0; q < Lines; q += 2)
#pragma GCC unroll 4
      for (int i = 0; i < kQuarters; ++i) {
        const int32x4_t a = vreinterpretq_s32_s8(codes(q, i)), b = vreinterpretq_s32_s8(codes(q + 1, i));
        int8_t* out = panel + 64 * q + 32 * i;
        vst1q_s8(out, vreinterpretq_s8_s32(vzip1q_s32(a, b)));
        vst1q_s8(out + 16, vreinterpretq_s8_s32(vzip2q_s32(a, b)));
      }
  }

  template <int Lines, int T>
  static void sums(const int8_t* panel, const Int8Record* x, int column, Sums<T>& sums) {
    constexpr int kTokenPairs = (T + 1) / 2;
    int32x4_t acc[kTokenPairs][kRowPairs];  // row 0 of both tokens, row 1 of both
    for (auto& tokens : acc)
      for (auto& sum : tokens) sum = vdupq_n_s32(0);
#pragma GCC unroll 4
    for (int q = 0; q < Lines; q += 2) {
      int8x16_t value[kTokenPairs];
#pragma GCC unroll 2
      for (int p = 0; p < kTokenPairs; ++p) {
        const int second = 2 * p + 1 < T ? 2 * p + 1 : 2 * p;
        const int64_t at = column + kColumnsALine * q;
        value[p] = vcombine_s8(vld1_s8(x[2 * p].codes + at), vld1_s8(x[second].codes + at));
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRowPairs; ++r) {
        const int8x16_t rows = vld1q_s8(panel + 64 * q + 16 * r);
#pragma GCC unroll 2
        for (int p = 0; p < kTokenPairs; ++p) acc[p][r] = vmmlaq_s32(acc[p][r], rows, value[p]);
      }
    }
#pragma GCC unroll 4
    for (int t = 0; t < T; ++t)
#pragma GCC unroll 4
      for (int i = 0; i < kQuarters; ++i) {
        const int32x4_t low = acc[t / 2][2 * i], high = acc[t / 2][2 * i + 1];
        sums[t][i] = t % 2 == 0 ? vuzp1q_s32(low, high) : vuzp2q_s32(low, high);
      }
  }
};

int64_t spin(int64_t rounds) {
  return spin_sums(rounds, 64, vdupq_n_s32(0), vdupq_n_s8(1),
                   [](int32x4_t sum, int8x16_t a) { return vmmlaq_s32(sum, a, a); });
}

}  // namespace

constinit const PackedKernels kNeonI8mmKernels{.kernels = Int8Kernels<Smmla>::kAll,
                                               .count = Int8Kernels<Smmla>::kCount,
                                               .to_int8 = to_int8,
                                               .spin = spin};

}  // namespace sirocco
