// SPDX-License-Identifier: Apache-2.0
// Any bytes as blocks of any type: the first byte chooses the type, the second an alignment, the rest are
// blocks in a buffer of exactly their size. Narrow floats must also survive the way back.
//
// Covers: src/tensor/blocks_* src/tensor/float_bits.* src/tensor/weight_view.cc src/tensor/dtype.cc
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "base/check.h"
#include "tensor/float_bits.h"
#include "tensor/weight_view.h"

namespace sirocco {
namespace {

void check_way_back(DType type, const std::byte* code, float value) {
  if (std::isnan(value)) return;
  uint16_t two = 0;
  uint8_t one = 0;
  switch (type) {
    case DType::f16:
      std::memcpy(&two, code, 2);
      CHECK(f16_from_f32(value) == two);
      break;
    case DType::bf16:
      std::memcpy(&two, code, 2);
      CHECK(bf16_from_f32(value) == two);
      break;
    case DType::f8_e4m3:
      std::memcpy(&one, code, 1);
      CHECK(e4m3_from_f32(value) == one);
      break;
    default:
      break;
  }
}

// One row of as many blocks as there are bytes for; an nvfp4_packed row takes a scale byte per block as well.
void decode_all(DType type, size_t shift, const uint8_t* data, size_t size) {
  const DTypeTraits& type_traits = traits(type);
  CHECK(dtype_from_name(type_traits.name) == type);
  const bool packed = type == DType::nvfp4_packed;
  if (type_traits.decode == nullptr && !packed) return;
  const auto block_bytes = static_cast<size_t>(type_traits.block_bytes);
  const size_t blocks = size / (block_bytes + (packed ? 1 : 0));
  const size_t row_size = blocks * block_bytes;
  const auto bytes = std::make_unique<std::byte[]>(shift + row_size);
  const auto scales = std::make_unique<uint8_t[]>(packed ? blocks : 0);
  if (blocks > 0) std::memcpy(bytes.get() + shift, data, row_size);
  if (packed && blocks > 0) std::memcpy(scales.get(), data + row_size, blocks);

  WeightView weight;
  weight.dtype = type;
  weight.rows = 1;
  weight.cols = static_cast<int64_t>(blocks) * type_traits.block_elements;
  weight.data = bytes.get() + shift;
  weight.row_stride_bytes = static_cast<int64_t>(row_size);
  weight.block_scales = packed ? scales.get() : nullptr;
  CHECK(weight.bytes() == static_cast<int64_t>(row_size + (packed ? blocks : 0)));
  const auto out = std::make_unique<float[]>(static_cast<size_t>(weight.cols));
  decode_row(weight, 0, out.get());
  if (type_traits.block_elements == 1)
    for (size_t i = 0; i < blocks; ++i) check_way_back(type, weight.data + i * block_bytes, out[i]);
  weight.scale = 0.5f;
  decode_row(weight.slice_rows(0, 1), 0, out.get());
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kTypes = static_cast<int>(sirocco::DType::nvfp4_packed) + 1;
  constexpr size_t kMaxBytes = 2 + 2 * 292;  // two blocks of the largest type show all that more would
  if (size < 2) return 0;
  size = std::min(size, kMaxBytes);
  sirocco::decode_all(static_cast<sirocco::DType>(data[0] % kTypes), data[1] % 8, data + 2, size - 2);
  return 0;
}
