// SPDX-License-Identifier: Apache-2.0
// IQ2: 8 magnitudes (8, 25 or 43) by an index into a codebook, signs apart: w = d (0.5 + s) 0.25 · ±grid.
#include "tensor/block_decoders.h"
#include "tensor/iq_codebooks.h"

namespace sirocco {
namespace {

constexpr int kElements = 256;

float group_scale(float d, uint32_t scale) {
  return d * (0.5f + static_cast<float>(scale)) * 0.25f;
}

void put_eight(uint64_t grid, uint32_t signs, float scale, float* out) {
  for (int e = 0; e < 8; ++e) {
    const float magnitude = scale * static_cast<float>(static_cast<int32_t>((grid >> (8 * e)) & 255u));
    out[e] = f32_from_bits(f32_bits(magnitude) ^ (((signs >> e) & 1u) << 31));
  }
}

}  // namespace

// f16 d | per 32 elements: four index bytes, then a u32 with four 7-bit signs and a 4-bit scale on top.
void decode_iq2_xxs(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 66, out += kElements) {
    const float d = load_f16(data);
    for (int group = 0; group < 8; ++group) {
      const std::byte* indices = data + 2 + 8 * group;
      const uint32_t packed = load<uint32_t>(indices + 4);
      const float scale = group_scale(d, packed >> 28);
      for (int k = 0; k < 4; ++k)
        put_eight(kIq2XxsGrid.entries[load_u8(indices + k)], even_signs((packed >> (7 * k)) & 127u), scale,
                  out + 32 * group + 8 * k);
    }
  }
}

// f16 d | 32 u16 of 9-bit index and 7-bit signs | 8 bytes of 4-bit scales, one per 16 elements.
void decode_iq2_xs(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 74, out += kElements) {
    const float d = load_f16(data);
    for (int eight = 0; eight < 32; ++eight) {
      const uint32_t packed = load<uint16_t>(data + 2 + 2 * eight);
      const int group = eight / 2;
      const float scale = group_scale(d, (load_u8(data + 66 + group / 2) >> (4 * (group % 2))) & 15u);
      put_eight(kIq2XsGrid.entries[packed & 511u], even_signs(packed >> 9), scale, out + 8 * eight);
    }
  }
}

// f16 d | 32 low index bytes | 32 sign bytes | 8 bytes of 2-bit index tops | 8 bytes of 4-bit scales.
void decode_iq2_s(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 82, out += kElements) {
    const float d = load_f16(data);
    for (int eight = 0; eight < 32; ++eight) {
      const uint32_t top = (load_u8(data + 66 + eight / 4) >> (2 * (eight % 4))) & 3u;
      const int group = eight / 2;
      const float scale = group_scale(d, (load_u8(data + 74 + group / 2) >> (4 * (group % 2))) & 15u);
      put_eight(kIq2SGrid.entries[load_u8(data + 2 + eight) | (top << 8)], load_u8(data + 34 + eight), scale,
                out + 8 * eight);
    }
  }
}

}  // namespace sirocco
