// SPDX-License-Identifier: Apache-2.0
// Types without blocks: every element stands for itself.
#include "tensor/block_decoders.h"

namespace sirocco {

void decode_f64(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t i = 0; i < blocks; ++i) out[i] = static_cast<float>(load<double>(data + 8 * i));
}

void decode_f32(const std::byte* data, int64_t blocks, float* out) {
  if (blocks > 0) std::memcpy(out, data, static_cast<size_t>(blocks) * sizeof(float));
}

void decode_f16(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t i = 0; i < blocks; ++i) out[i] = load_f16(data + 2 * i);
}

void decode_bf16(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t i = 0; i < blocks; ++i) out[i] = f32_from_bf16(load<uint16_t>(data + 2 * i));
}

void decode_f8_e4m3(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t i = 0; i < blocks; ++i) out[i] = f32_from_e4m3(load<uint8_t>(data + i));
}

void decode_f8_e5m2(const std::byte* data, int64_t blocks, float* out) {
  for (int64_t i = 0; i < blocks; ++i) out[i] = f32_from_e5m2(load<uint8_t>(data + i));
}

}  // namespace sirocco
