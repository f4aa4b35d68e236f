// SPDX-License-Identifier: Apache-2.0
// The scalar decoder of every type, as DTypeTraits wants it: `data` holds `blocks` whole blocks at any
// alignment, `out` takes blocks * block_elements floats. Any bytes are valid blocks. The order of the float32
// operations is part of each format (docs/formats/block-types.md); nothing here may be contracted to FMA.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensor/float_bits.h"

namespace sirocco {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian and read in place");

template <class T>
inline T load(const std::byte* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}
inline uint32_t load_u8(const std::byte* data) {
  return std::to_integer<uint32_t>(*data);
}
inline float load_f16(const std::byte* data) {
  return f32_from_f16(load<uint16_t>(data));
}

// blocks_plain.cc: one element a "block".
void decode_f64(const std::byte* data, int64_t blocks, float* out);
void decode_f32(const std::byte* data, int64_t blocks, float* out);
void decode_f16(const std::byte* data, int64_t blocks, float* out);
void decode_bf16(const std::byte* data, int64_t blocks, float* out);
void decode_f8_e4m3(const std::byte* data, int64_t blocks, float* out);
void decode_f8_e5m2(const std::byte* data, int64_t blocks, float* out);

// blocks_legacy.cc: 32 elements under one scale.
void decode_q4_0(const std::byte* data, int64_t blocks, float* out);
void decode_q4_1(const std::byte* data, int64_t blocks, float* out);
void decode_q5_0(const std::byte* data, int64_t blocks, float* out);
void decode_q5_1(const std::byte* data, int64_t blocks, float* out);
void decode_q8_0(const std::byte* data, int64_t blocks, float* out);

// blocks_k.cc: 256 elements, small scales under a large one.
void decode_q2_k(const std::byte* data, int64_t blocks, float* out);
void decode_q3_k(const std::byte* data, int64_t blocks, float* out);
void decode_q4_k(const std::byte* data, int64_t blocks, float* out);
void decode_q5_k(const std::byte* data, int64_t blocks, float* out);
void decode_q6_k(const std::byte* data, int64_t blocks, float* out);
void decode_q8_k(const std::byte* data, int64_t blocks, float* out);

// blocks_iq1.cc, blocks_iq2.cc, blocks_iq3.cc, blocks_iq4.cc: indices into codebooks.
void decode_iq1_s(const std::byte* data, int64_t blocks, float* out);
void decode_iq1_m(const std::byte* data, int64_t blocks, float* out);
void decode_iq2_xxs(const std::byte* data, int64_t blocks, float* out);
void decode_iq2_xs(const std::byte* data, int64_t blocks, float* out);
void decode_iq2_s(const std::byte* data, int64_t blocks, float* out);
void decode_iq3_xxs(const std::byte* data, int64_t blocks, float* out);
void decode_iq3_s(const std::byte* data, int64_t blocks, float* out);
void decode_iq4_nl(const std::byte* data, int64_t blocks, float* out);
void decode_iq4_xs(const std::byte* data, int64_t blocks, float* out);

// blocks_ternary.cc
void decode_tq1_0(const std::byte* data, int64_t blocks, float* out);
void decode_tq2_0(const std::byte* data, int64_t blocks, float* out);

// blocks_fp4.cc: four-bit floats.
void decode_mxfp4(const std::byte* data, int64_t blocks, float* out);
void decode_nvfp4(const std::byte* data, int64_t blocks, float* out);

// One row of compressed-tensors NVFP4: `packed` [cols / 2], `scales` [cols / 16] e4m3,
// w = code · (scale / divisor). REQUIRES: cols % 16 == 0.
void decode_nvfp4_packed_row(const std::byte* packed, const uint8_t* scales, float global_divisor,
                             int64_t cols, float* out);

}  // namespace sirocco
