// SPDX-License-Identifier: Apache-2.0
// Every element type that a checkpoint may hold: plain ones and the block types of GGUF. A block is the
// smallest run of elements along a row that decodes by itself; its scalar decoder is the definition of
// correct and everything faster is tested against it (docs/formats/block-types.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sirocco {

// clang-format off
enum class DType : uint8_t {
  f64, f32, f16, bf16, f8_e4m3, f8_e5m2, i8, u8, i16, i32, i64, boolean,
  q4_0, q4_1, q5_0, q5_1, q8_0, q8_1,
  q2_k, q3_k, q4_k, q5_k, q6_k, q8_k,
  iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs,
  tq1_0, tq2_0, mxfp4, nvfp4,
  nvfp4_packed,  // compressed-tensors: u8 pairs of e2m1; scales lie in tensors of their own (WeightView)
  i16_packed,    // never in files: 16-bit integers with a float32 scale per row and 256 columns (ops/pack.h)
};
// clang-format on

struct DTypeTraits {
  std::string_view name;  // "q4_k": lower case, as printed by inspect
  int block_elements;     // elements that one block decodes to
  int block_bytes;        // bytes of one block
  // Decodes `blocks` consecutive blocks, at any alignment, into f32[blocks * block_elements]. Null for types
  // that are no weights, for nvfp4_packed, which decodes only beside its scales (decode_row), and for i16_packed.
  void (*decode)(const std::byte* blocks_data, int64_t blocks, float* out);
};

const DTypeTraits& traits(DType type);
std::optional<DType> dtype_from_name(std::string_view name);  // the lower-case names above

// Bytes of a row of `elements`; REQUIRES elements % block_elements == 0.
int64_t row_bytes(DType type, int64_t elements);

}  // namespace sirocco
