// SPDX-License-Identifier: Apache-2.0
// IQ3: 4 magnitudes by an index into a codebook, signs for 8 elements at a time. iq3_xxs: w = d (0.5 + s) 0.5
// · ±grid; iq3_s: w = d (1 + 2 s) · ±grid.
#include "tensor/block_decoders.h"
#include "tensor/iq_codebooks.h"

namespace sirocco {
namespace {

constexpr int kElements = 256;

void put_four(uint32_t grid, uint32_t signs, float scale, float* out) {
  for (int e = 0; e < 4; ++e) {
    const float sign = ((signs >> e) & 1u) != 0 ? -1.0f : 1.0f;
    out[e] = scale * static_cast<float>(static_cast<int32_t>((grid >> (8 * e)) & 255u)) * sign;
  }
}

}  // namespace

// f16 d | 64 index bytes | 8 u32: per 32 elements four 7-bit signs and a 4-bit scale on top.
void decode_iq3_xxs(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 98, out += kElements) {
    const float d = load_f16(data);
    for (int group = 0; group < 8; ++group) {
      const uint32_t packed = load<uint32_t>(data + 66 + 4 * group);
      const float scale = d * (0.5f + static_cast<float>(packed >> 28)) * 0.5f;
      for (int four = 0; four < 8; ++four) {
        const uint32_t signs = even_signs((packed >> (7 * (four / 2))) & 127u) >> (4 * (four % 2));
        put_four(kIq3XxsGrid.entries[load_u8(data + 2 + 8 * group + four)], signs, scale,
                 out + 32 * group + 4 * four);
      }
    }
  }
}

// f16 d | 64 low index bytes | 8 bytes of index tops | 32 sign bytes | 4 bytes of 4-bit scales.
void decode_iq3_s(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 110, out += kElements) {
    const float d = load_f16(data);
    for (int group = 0; group < 8; ++group) {
      const uint32_t packed_scale = (load_u8(data + 106 + group / 2) >> (4 * (group % 2))) & 15u;
      const float scale = d * static_cast<float>(1 + 2 * packed_scale);
      const uint32_t tops = load_u8(data + 66 + group);
      for (int four = 0; four < 8; ++four) {
        const uint32_t index = load_u8(data + 2 + 8 * group + four) | (((tops >> four) & 1u) << 8);
        const uint32_t signs = load_u8(data + 74 + 4 * group + four / 2) >> (4 * (four % 2));
        put_four(kIq3SGrid.entries[index], signs, scale, out + 32 * group + 4 * four);
      }
    }
  }
}

}  // namespace sirocco
