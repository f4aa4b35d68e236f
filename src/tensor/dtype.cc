// SPDX-License-Identifier: Apache-2.0
#include "tensor/dtype.h"

#include <array>

#include "base/check.h"
#include "tensor/block_decoders.h"

namespace sirocco {
namespace {

// In the order of the enumeration, which a test checks by name.
constexpr std::array kTraits = {
    DTypeTraits{"f64", 1, 8, decode_f64},
    DTypeTraits{"f32", 1, 4, decode_f32},
    DTypeTraits{"f16", 1, 2, decode_f16},
    DTypeTraits{"bf16", 1, 2, decode_bf16},
    DTypeTraits{"f8_e4m3", 1, 1, decode_f8_e4m3},
    DTypeTraits{"f8_e5m2", 1, 1, decode_f8_e5m2},
    DTypeTraits{"i8", 1, 1, nullptr},
    DTypeTraits{"u8", 1, 1, nullptr},
    DTypeTraits{"i16", 1, 2, nullptr},
    DTypeTraits{"i32", 1, 4, nullptr},
    DTypeTraits{"i64", 1, 8, nullptr},
    DTypeTraits{"boolean", 1, 1, nullptr},
    DTypeTraits{"q4_0", 32, 18, decode_q4_0},
    DTypeTraits{"q4_1", 32, 20, decode_q4_1},
    DTypeTraits{"q5_0", 32, 22, decode_q5_0},
    DTypeTraits{"q5_1", 32, 24, decode_q5_1},
    DTypeTraits{"q8_0", 32, 34, decode_q8_0},
    DTypeTraits{"q8_1", 32, 36, nullptr},  // activations of other engines, never in files
    DTypeTraits{"q2_k", 256, 84, decode_q2_k},
    DTypeTraits{"q3_k", 256, 110, decode_q3_k},
    DTypeTraits{"q4_k", 256, 144, decode_q4_k},
    DTypeTraits{"q5_k", 256, 176, decode_q5_k},
    DTypeTraits{"q6_k", 256, 210, decode_q6_k},
    DTypeTraits{"q8_k", 256, 292, decode_q8_k},
    DTypeTraits{"iq1_s", 256, 50, decode_iq1_s},
    DTypeTraits{"iq1_m", 256, 56, decode_iq1_m},
    DTypeTraits{"iq2_xxs", 256, 66, decode_iq2_xxs},
    DTypeTraits{"iq2_xs", 256, 74, decode_iq2_xs},
    DTypeTraits{"iq2_s", 256, 82, decode_iq2_s},
    DTypeTraits{"iq3_xxs", 256, 98, decode_iq3_xxs},
    DTypeTraits{"iq3_s", 256, 110, decode_iq3_s},
    DTypeTraits{"iq4_nl", 32, 18, decode_iq4_nl},
    DTypeTraits{"iq4_xs", 256, 136, decode_iq4_xs},
    DTypeTraits{"tq1_0", 256, 54, decode_tq1_0},
    DTypeTraits{"tq2_0", 256, 66, decode_tq2_0},
    DTypeTraits{"mxfp4", 32, 17, decode_mxfp4},
    DTypeTraits{"nvfp4", 64, 36, decode_nvfp4},
    DTypeTraits{"nvfp4_packed", 16, 8, nullptr},  // decodes only with its scales: decode_row
    DTypeTraits{"i16_packed", 1, 2, nullptr},     // only in strips, beside its scales
};
static_assert(kTraits.size() == static_cast<size_t>(DType::i16_packed) + 1);

}  // namespace

const DTypeTraits& traits(DType type) {
  CHECK(static_cast<size_t>(type) < kTraits.size());
  return kTraits[static_cast<size_t>(type)];
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (size_t i = 0; i < kTraits.size(); ++i)
    if (kTraits[i].name == name) return static_cast<DType>(i);
  return std::nullopt;
}

int64_t row_bytes(DType type, int64_t elements) {
  const DTypeTraits& type_traits = traits(type);
  CHECK(elements % type_traits.block_elements == 0);
  return elements / type_traits.block_elements * type_traits.block_bytes;
}

}  // namespace sirocco
