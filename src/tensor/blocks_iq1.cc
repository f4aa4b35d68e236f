// SPDX-License-Identifier: Apache-2.0
// IQ1: 8 elements by an 11-bit index into a grid of -1, 0, 1; a group's scale is odd (2 s + 1), and a signed
// eighth is added to every grid value: w = d (2 s + 1) · (grid ± 0.125).
#include "tensor/block_decoders.h"
#include "tensor/iq_codebooks.h"

namespace sirocco {
namespace {

constexpr int kElements = 256;
constexpr float kDelta = 0.125f;

void put_eight(uint32_t index, float scale, float delta, float* out) {
  const uint64_t grid = kIq1Grid.entries[index];
  for (int e = 0; e < 8; ++e)
    out[e] = scale * (static_cast<float>(static_cast<int8_t>(grid >> (8 * e))) + delta);
}

}  // namespace

// f16 d | 32 low index bytes | 8 u16: per 32 elements four 3-bit index tops, 3-bit scale, sign of delta.
void decode_iq1_s(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 50, out += kElements) {
    const float d = load_f16(data);
    for (int group = 0; group < 8; ++group) {
      const uint32_t high = load<uint16_t>(data + 34 + 2 * group);
      const float scale = d * static_cast<float>(2 * ((high >> 12) & 7u) + 1);
      const float delta = (high & 0x8000u) != 0 ? -kDelta : kDelta;
      for (int k = 0; k < 4; ++k) {
        const uint32_t index = load_u8(data + 2 + 4 * group + k) | (((high >> (3 * k)) & 7u) << 8);
        put_eight(index, scale, delta, out + 32 * group + 8 * k);
      }
    }
  }
}

// 32 low index bytes | 16 bytes of nibbles (3 bits of index, sign of delta) | 4 u16: per word four 3-bit
// scales of 16 elements each, and in the top nibble a quarter of the f16 d, lowest quarter first.
void decode_iq1_m(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 56, out += kElements) {
    uint32_t scale_words[4];
    uint32_t d_code = 0;
    for (int k = 0; k < 4; ++k) {
      scale_words[k] = load<uint16_t>(data + 48 + 2 * k);
      d_code |= (scale_words[k] >> 12) << (4 * k);
    }
    const float d = f32_from_f16(static_cast<uint16_t>(d_code));
    for (int eight = 0; eight < 32; ++eight) {
      const int group = eight / 2;
      const float scale =
          d * static_cast<float>(2 * ((scale_words[group / 4] >> (3 * (group % 4))) & 7u) + 1);
      const uint32_t nibble = (load_u8(data + 32 + eight / 2) >> (4 * (eight % 2))) & 15u;
      const uint32_t index = load_u8(data + eight) | ((nibble & 7u) << 8);
      put_eight(index, scale, (nibble & 8u) != 0 ? -kDelta : kDelta, out + 8 * eight);
    }
  }
}

}  // namespace sirocco
