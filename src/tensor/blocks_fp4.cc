// SPDX-License-Identifier: Apache-2.0
// Four-bit floats (e2m1). GGUF stores twice the value in its table and half the scale, which changes two
// things against plain e2m1 · scale: code 8 decodes to +0, and scale codes at the end of the range keep a
// value.
#include <array>

#include "tensor/block_decoders.h"

namespace sirocco {
namespace {

constexpr std::array<int8_t, 16> kTwiceE2m1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// 2^(code - 128) for every code; 255, NaN in OCP MX, is 2^127 in GGUF.
float half_e8m0(uint32_t code) {
  return f32_from_bits(code < 2 ? 0x00200000u << code : (code - 1) << 23);
}

// Half of an unsigned e4m3. The sign bit is ignored, and 0x7f alone, the NaN of e4m3, is 0 (0xff is 240).
float half_ue4m3(uint32_t code) {
  if (code == 0x7f) return 0.0f;
  const uint32_t exponent = (code >> 3) & 15u, mantissa = code & 7u;
  if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
  return f32_from_bits(((exponent + 127u - 7u - 1u) << 23) | (mantissa << 20));
}

// `width` bytes of nibbles: element j below, element j + width above.
void put_nibbles(const std::byte* packed, int width, float scale, float* out) {
  for (int j = 0; j < width; ++j) {
    const uint32_t pair = load_u8(packed + j);
    out[j] = scale * static_cast<float>(kTwiceE2m1[pair & 15u]);
    out[j + width] = scale * static_cast<float>(kTwiceE2m1[pair >> 4]);
  }
}

}  // namespace

// e8m0 scale | 16 bytes of nibbles: 32 elements.
void decode_mxfp4(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 17, out += 32)
    put_nibbles(data + 1, 16, half_e8m0(load_u8(data)), out);
}

// 4 unsigned e4m3 scales | 4 runs of 8 bytes of nibbles: 64 elements.
void decode_nvfp4(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 36, out += 64)
    for (int run = 0; run < 4; ++run)
      put_nibbles(data + 4 + 8 * run, 8, half_ue4m3(load_u8(data + run)), out + 16 * run);
}

void decode_nvfp4_packed_row(const std::byte* packed, const uint8_t* scales, float global_divisor,
                             int64_t cols, float* out) {
  for (int64_t group = 0; group < cols / 16; ++group) {
    const float scale = f32_from_e4m3(scales[group]) / global_divisor;
    for (int64_t j = 0; j < 8; ++j) {  // neighbours share a byte, the even column below
      const uint8_t pair = load<uint8_t>(packed + 8 * group + j);
      out[16 * group + 2 * j] = f32_from_e2m1(pair & 15) * scale;
      out[16 * group + 2 * j + 1] = f32_from_e2m1(pair >> 4) * scale;
    }
  }
}

}  // namespace sirocco
