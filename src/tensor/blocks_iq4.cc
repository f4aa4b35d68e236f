// SPDX-License-Identifier: Apache-2.0
// IQ4: nibbles into a table of 16 uneven values. Byte j of a group holds element j below and j + 16 above.
#include "tensor/block_decoders.h"
#include "tensor/iq_codebooks.h"

namespace sirocco {
namespace {

void put_32(const std::byte* nibbles, float scale, float* out) {
  for (int j = 0; j < 16; ++j) {
    const uint32_t packed = load_u8(nibbles + j);
    out[j] = scale * static_cast<float>(kIq4Values[packed & 15u]);
    out[j + 16] = scale * static_cast<float>(kIq4Values[packed >> 4]);
  }
}

}  // namespace

// f16 d | 16 bytes of nibbles.
void decode_iq4_nl(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 18, out += 32) put_32(data + 2, load_f16(data), out);
}

// f16 d | u16 with the top two bits of 8 scales | 4 bytes with their low nibbles | 128 bytes of nibbles.
void decode_iq4_xs(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 136, out += 256) {
    const float d = load_f16(data);
    const uint32_t tops = load<uint16_t>(data + 2);
    for (int group = 0; group < 8; ++group) {
      const uint32_t low = (load_u8(data + 4 + group / 2) >> (4 * (group % 2))) & 15u;
      const uint32_t top = (tops >> (2 * group)) & 3u;
      const float scale = d * static_cast<float>(static_cast<int>(low | (top << 4)) - 32);
      put_32(data + 8 + 16 * group, scale, out + 32 * group);
    }
  }
}

}  // namespace sirocco
