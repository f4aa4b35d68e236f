// SPDX-License-Identifier: Apache-2.0
// Ternary blocks: 256 elements of -1, 0, 1 under one f16 scale at the end of the block.
#include "tensor/block_decoders.h"

namespace sirocco {
namespace {

constexpr int kElements = 256;

// A byte holds trits as a fraction of 256 in base 3, first trit most significant: times 3^k (mod 256) brings
// trit k to the front, where the integer part of thrice the fraction reads it.
int trit(uint32_t byte, uint32_t power) {
  const uint32_t fraction = (byte * power) & 255u;
  return static_cast<int>((fraction * 3u) >> 8) - 1;
}

// `width` bytes of `count` trits each: element k * width + j is trit k of byte j.
float* put_trits(const std::byte* packed, int width, int count, float d, float* out) {
  for (uint32_t power = 1; count > 0; --count, power *= 3, out += width)
    for (int j = 0; j < width; ++j) out[j] = d * static_cast<float>(trit(load_u8(packed + j), power));
  return out;
}

}  // namespace

// 32 bytes and 16 bytes of five trits, 4 bytes of four, f16 d.
void decode_tq1_0(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 54) {
    const float d = load_f16(data + 52);
    out = put_trits(data, 32, 5, d, out);
    out = put_trits(data + 32, 16, 5, d, out);
    out = put_trits(data + 48, 4, 4, d, out);
  }
}

// 64 bytes of 2-bit codes (code 3 decodes to 2), f16 d.
void decode_tq2_0(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 66, out += kElements) {
    const float d = load_f16(data + 64);
    for (int run = 0; run < 8; ++run) {
      const std::byte* codes = data + 32 * (run / 4);
      const int shift = 2 * (run % 4);
      for (int e = 0; e < 32; ++e)
        out[32 * run + e] = d * static_cast<float>(static_cast<int>((load_u8(codes + e) >> shift) & 3u) - 1);
    }
  }
}

}  // namespace sirocco
