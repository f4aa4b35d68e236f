// SPDX-License-Identifier: Apache-2.0
// The oldest GGUF blocks: 32 elements, one f16 scale d and, in the _1 kinds, one f16 offset m. Byte j of the
// nibbles holds element j below and element j + 16 above; in the 5-bit kinds bit e of a 32-bit word is the
// fifth bit of element e.
#include "tensor/block_decoders.h"

namespace sirocco {
namespace {

constexpr int kElements = 32;

int fifth_bit(uint32_t high, int element) {
  return static_cast<int>((high >> element) & 1u) << 4;
}

// codes[e] in [0, 16) from 16 bytes of nibbles.
void unpack_nibbles(const std::byte* packed, int* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = static_cast<int>(load_u8(packed + j) & 15u);
    codes[j + 16] = static_cast<int>(load_u8(packed + j) >> 4);
  }
}

}  // namespace

void decode_q4_0(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 18, out += kElements) {
    const float d = load_f16(data);
    int codes[kElements];
    unpack_nibbles(data + 2, codes);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>(codes[e] - 8);
  }
}

void decode_q4_1(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 20, out += kElements) {
    const float d = load_f16(data), m = load_f16(data + 2);
    int codes[kElements];
    unpack_nibbles(data + 4, codes);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>(codes[e]) + m;
  }
}

void decode_q5_0(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 22, out += kElements) {
    const float d = load_f16(data);
    const uint32_t high = load<uint32_t>(data + 2);
    int codes[kElements];
    unpack_nibbles(data + 6, codes);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>((codes[e] | fifth_bit(high, e)) - 16);
  }
}

void decode_q5_1(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 24, out += kElements) {
    const float d = load_f16(data), m = load_f16(data + 2);
    const uint32_t high = load<uint32_t>(data + 4);
    int codes[kElements];
    unpack_nibbles(data + 8, codes);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>(codes[e] | fifth_bit(high, e)) + m;
  }
}

void decode_q8_0(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t b = 0; b < blocks; ++b, data += 34, out += kElements) {
    const float d = load_f16(data);
    for (int e = 0; e < kElements; ++e) out[e] = d * static_cast<float>(load<int8_t>(data + 2 + e));
  }
}

}  // namespace sirocco
