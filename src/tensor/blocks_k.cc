// SPDX-License-Identifier: Apache-2.0
// The K family: 256 elements in groups of 16 or 32 with small integer scales, which one f16 scale (and in q2,
// q4, q5 one f16 for the offsets) multiplies. Scale first times group scale, then times code: that order is
// the format's.
#include "tensor/block_decoders.h"

namespace sirocco {
namespace {

constexpr int kElements = 256;

struct ScalesAndMins {
  float scale[8];
  float min[8];
};

// 12 bytes hold 8 scales and 8 mins of 6 bits. Bytes 0-3: scales 0-3 below, the top bits of scales 4-7 above;
// bytes 4-7: the same for mins; bytes 8-11: low nibbles of scales 4-7 below, of mins 4-7 above.
ScalesAndMins unpack_scales(const std::byte* packed, float d, float d_min) {
  ScalesAndMins result;
  for (int j = 0; j < 4; ++j) {
    const uint32_t scales = load_u8(packed + j), mins = load_u8(packed + 4 + j),
                   low = load_u8(packed + 8 + j);
    result.scale[j] = d * static_cast<float>(scales & 63u);
    result.min[j] = d_min * static_cast<float>(mins & 63u);
    result.scale[j + 4] = d * static_cast<float>((low & 15u) | ((scales >> 2) & 0x30u));
    result.min[j + 4] = d_min * static_cast<float>((low >> 4) | ((mins >> 2) & 0x30u));
  }
  return result;
}

// 16 scales of 6 bits, minus 32. Bytes 0-7: low nibbles of scales 0-7 below, 8-15 above; bytes 8-11: the top
// two bits, scale s in byte 8 + s % 4 at bit 2 (s / 4).
int q3_scale(const std::byte* packed, int s) {
  const uint32_t low = (load_u8(packed + s % 8) >> (4 * (s / 8))) & 15u;
  const uint32_t high = (load_u8(packed + 8 + s % 4) >> (2 * (s / 4))) & 3u;
  return static_cast<int>(low | (high << 4)) - 32;
}

}  // namespace

void decode_q2_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 84, out += kElements) {
    const float d = load_f16(data + 80), d_min = load_f16(data + 82);
    for (int group = 0; group < 16; ++group) {  // group g: bytes 16 (g % 2) of half g / 8, bits 2 (g / 2 % 4)
      const uint32_t packed_scale = load_u8(data + group);
      const float scale = d * static_cast<float>(packed_scale & 15u);
      const float min = d_min * static_cast<float>(packed_scale >> 4);
      const std::byte* codes = data + 16 + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * (group / 2 % 4);
      for (int e = 0; e < 16; ++e)
        out[16 * group + e] = scale * static_cast<float>((load_u8(codes + e) >> shift) & 3u) - min;
    }
  }
}

void decode_q3_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 110, out += kElements) {
    const float d = load_f16(data + 108);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(q3_scale(data + 96, group));
      const std::byte* codes = data + 32 + 32 * (group / 8) + 16 * (group % 2);
      const std::byte* mask = data + 16 * (group % 2);  // bit group / 2: set means no offset of 4
      const int shift = 2 * (group / 2 % 4);
      for (int e = 0; e < 16; ++e) {
        const int low = static_cast<int>((load_u8(codes + e) >> shift) & 3u);
        const int keep = static_cast<int>((load_u8(mask + e) >> (group / 2)) & 1u);
        out[16 * group + e] = scale * static_cast<float>(low + 4 * keep - 4);
      }
    }
  }
}

void decode_q4_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 144, out += kElements) {
    const ScalesAndMins groups = unpack_scales(data + 4, load_f16(data), load_f16(data + 2));
    for (int group = 0; group < 8; ++group) {  // two groups share 32 bytes: even ones below, odd ones above
      const std::byte* codes = data + 16 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      const float scale = groups.scale[group], min = groups.min[group];
      for (int e = 0; e < 32; ++e)
        out[32 * group + e] = scale * static_cast<float>((load_u8(codes + e) >> shift) & 15u) - min;
    }
  }
}

void decode_q5_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 176, out += kElements) {
    const ScalesAndMins groups = unpack_scales(data + 4, load_f16(data), load_f16(data + 2));
    const std::byte* high = data + 16;  // bit g of byte e: the fifth bit of element e of group g
    for (int group = 0; group < 8; ++group) {
      const std::byte* codes = data + 48 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      const float scale = groups.scale[group], min = groups.min[group];
      for (int e = 0; e < 32; ++e) {
        const uint32_t code =
            ((load_u8(codes + e) >> shift) & 15u) | (((load_u8(high + e) >> group) & 1u) << 4);
        out[32 * group + e] = scale * static_cast<float>(code) - min;
      }
    }
  }
}

void decode_q6_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 210, out += kElements) {
    const float d = load_f16(data + 208);
    for (int group = 0; group < 16; ++group) {  // runs of 32 elements: r = group / 2 in half r / 4
      const int run = group / 2, offset = 16 * (group % 2);
      const std::byte* low = data + 64 * (run / 4) + 32 * (run % 2) + offset;
      const std::byte* high = data + 128 + 32 * (run / 4) + offset;
      const int low_shift = 4 * (run / 2 % 2), high_shift = 2 * (run % 4);
      const float scale = d * static_cast<float>(load<int8_t>(data + 192 + group));
      for (int e = 0; e < 16; ++e) {
        const uint32_t code =
            ((load_u8(low + e) >> low_shift) & 15u) | (((load_u8(high + e) >> high_shift) & 3u) << 4);
        out[16 * group + e] = scale * static_cast<float>(static_cast<int>(code) - 32);
      }
    }
  }
}

// f32 scale, 256 codes, then 16 int16 sums that serve dot products and not decoding.
void decode_q8_k(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 292, out += kElements) {
    const float d = load<float>(data);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>(load<int8_t>(data + 4 + e));
  }
}

}  // namespace sirocco
