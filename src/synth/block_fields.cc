// SPDX-License-Identifier: Apache-2.0
#include "synth/block_fields.h"

#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "tensor/float_bits.h"

namespace sirocco::synth {
namespace {

struct Entry {
  DType type;
  BlockFields fields;
};

constexpr Entry kFields[] = {
    {DType::q4_0, {0, -1, 0.0f, 4.64f}},     {DType::q4_1, {0, 2, -7.5f, 4.61f}},
    {DType::q5_0, {0, -1, 0.0f, 9.25f}},     {DType::q5_1, {0, 2, -15.5f, 9.23f}},
    {DType::q8_0, {0, -1, 0.0f, 73.9f}},     {DType::q2_k, {80, 82, 1.5f, 13.4f}},
    {DType::q3_k, {108, -1, 0.0f, 43.3f}},   {DType::q4_k, {0, 2, 7.5f, 257.0f}},
    {DType::q5_k, {0, 2, 15.5f, 529.0f}},    {DType::q6_k, {208, -1, 0.0f, 1366.0f}},
    {DType::iq1_s, {0, -1, 0.0f, 6.95f}},    {DType::iq1_m, {48, -1, 0.0f, 6.95f}},
    {DType::iq2_xxs, {0, -1, 0.0f, 64.0f}},  {DType::iq2_xs, {0, -1, 0.0f, 64.0f}},
    {DType::iq2_s, {0, -1, 0.0f, 64.0f}},    {DType::iq3_xxs, {0, -1, 0.0f, 128.0f}},
    {DType::iq3_s, {0, -1, 0.0f, 150.0f}},   {DType::iq4_nl, {0, -1, 0.0f, 69.0f}},
    {DType::iq4_xs, {0, -1, 0.0f, 1275.0f}}, {DType::tq1_0, {52, -1, 0.0f, 0.82f}},
    {DType::tq2_0, {64, -1, 0.0f, 1.22f}},   {DType::mxfp4, {0, -1, 0.0f, 2.93f}},
    {DType::nvfp4, {0, -1, 0.0f, 2.93f}},
};

void put_half(std::byte* at, float value) {
  const uint16_t bits = f16_from_f32(value);
  std::memcpy(at, &bits, 2);
}

// The half float lies in the top nibbles of four 16-bit words, lowest nibble first.
void put_scattered_half(std::byte* at, float value) {
  const uint16_t bits = f16_from_f32(value);
  for (int i = 0; i < 4; ++i) {
    std::byte& high = at[2 * i + 1];
    high = (high & std::byte{0x0f}) | static_cast<std::byte>(((bits >> (4 * i)) & 15) << 4);
  }
}

}  // namespace

const BlockFields& block_fields(DType type) {
  for (const Entry& entry : kFields) {
    if (entry.type == type) return entry.fields;
  }
  CHECK(false);
  return kFields[0].fields;
}

void set_scales(DType type, const BlockFields& fields, float base, const std::array<float, 4>& scales,
                bool odd, std::byte* block) {
  std::byte* at = block + fields.scale_at;
  switch (type) {
    case DType::mxfp4:
      *at = static_cast<std::byte>(((f32_bits(base) >> 23) & 0xffu) + (odd ? 1u : 0u));
      return;
    case DType::nvfp4:
      for (int k = 0; k < 4; ++k)
        at[k] = static_cast<std::byte>(e4m3_from_f32(scales[static_cast<size_t>(k)]));
      return;
    case DType::iq1_m:
      put_scattered_half(at, scales[0]);
      return;
    default:
      put_half(at, scales[0]);
      if (fields.minimum_at >= 0) put_half(block + fields.minimum_at, scales[0] * fields.minimum);
  }
}

}  // namespace sirocco::synth
