// SPDX-License-Identifier: Apache-2.0
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

struct Known {
  uint32_t type_id;
  DType dtype;
};
constexpr Known kKnown[] = {
    {0, DType::f32},      {1, DType::f16},    {2, DType::q4_0},    {3, DType::q4_1},     {6, DType::q5_0},
    {7, DType::q5_1},     {8, DType::q8_0},   {10, DType::q2_k},   {11, DType::q3_k},    {12, DType::q4_k},
    {13, DType::q5_k},    {14, DType::q6_k},  {15, DType::q8_k},   {16, DType::iq2_xxs}, {17, DType::iq2_xs},
    {18, DType::iq3_xxs}, {19, DType::iq1_s}, {20, DType::iq4_nl}, {21, DType::iq3_s},   {22, DType::iq2_s},
    {23, DType::iq4_xs},  {24, DType::i8},    {25, DType::i16},    {26, DType::i32},     {27, DType::i64},
    {28, DType::f64},     {29, DType::iq1_m}, {30, DType::bf16},   {34, DType::tq1_0},   {35, DType::tq2_0},
    {39, DType::mxfp4},   {40, DType::nvfp4},
};

struct Foreign {
  uint32_t type_id;
  std::string_view name;
};
constexpr Foreign kForeign[] = {
    {4, "q4_2, removed from GGUF"},
    {5, "q4_3, removed from GGUF"},
    {9, "q8_1, a type of activations"},
    {31, "q4_0_4_4, removed from GGUF"},
    {32, "q4_0_4_8, removed from GGUF"},
    {33, "q4_0_8_8, removed from GGUF"},
    {36, "i2_s of BitNet, or the removed iq4_nl_4_4"},
    {37, "iq4_nl_4_8, removed from GGUF"},
    {38, "iq4_nl_8_8, removed from GGUF"},
    {41, "q1_0"},
    {98, "q8_0_x4 of ik_llama.cpp"},
    {99, "q8_1_x4 of ik_llama.cpp"},
    {133, "q6_0 of ik_llama.cpp"},
    {134, "iq1_bn of ik_llama.cpp"},
    {135, "iq2_bn of ik_llama.cpp"},
    {136, "q8_k64 of ik_llama.cpp"},
    {137, "iq2_k of ik_llama.cpp"},
    {138, "iq3_k of ik_llama.cpp"},
    {139, "iq4_k of ik_llama.cpp"},
    {140, "iq5_k of ik_llama.cpp"},
    {141, "iq6_k of ik_llama.cpp"},
    {142, "iq2_tn of ik_llama.cpp"},
    {143, "iq1_tn of ik_llama.cpp"},
    {144, "iq4_ks of ik_llama.cpp"},
    {145, "iq2_ks of ik_llama.cpp"},
    {146, "iq4_kss of ik_llama.cpp"},
    {147, "q8_k16 of ik_llama.cpp"},
    {148, "q8_k32 of ik_llama.cpp"},
    {149, "q8_kr8 of ik_llama.cpp"},
    {150, "q8_k128 of ik_llama.cpp"},
    {151, "q8_kv of ik_llama.cpp"},
    {152, "iq5_ks of ik_llama.cpp"},
    {153, "iq2_kt of ik_llama.cpp"},
    {154, "iq3_kt of ik_llama.cpp"},
    {155, "iq4_kt of ik_llama.cpp"},
    {156, "iq3_ks of ik_llama.cpp"},
    {157, "iq2_kl of ik_llama.cpp"},
    {158, "iq1_kt of ik_llama.cpp"},
    {202, "q4_0_r8 of ik_llama.cpp"},
    {206, "q5_0_r4 of ik_llama.cpp"},
    {208, "q8_0_r8 of ik_llama.cpp"},
    {210, "q2_k_r4 of ik_llama.cpp"},
    {211, "q3_k_r4 of ik_llama.cpp"},
    {212, "q4_k_r4 of ik_llama.cpp"},
    {213, "q5_k_r4 of ik_llama.cpp"},
    {214, "q6_k_r4 of ik_llama.cpp"},
    {216, "iq2_xxs_r4 of ik_llama.cpp"},
    {217, "iq2_xs_r4 of ik_llama.cpp"},
    {218, "iq3_xxs_r4 of ik_llama.cpp"},
    {219, "iq1_s_r4 of ik_llama.cpp"},
    {220, "iq4_nl_r4 of ik_llama.cpp"},
    {221, "iq3_s_r4 of ik_llama.cpp"},
    {222, "iq2_s_r4 of ik_llama.cpp"},
    {223, "iq4_xs_r8 of ik_llama.cpp"},
    {229, "iq1_m_r4 of ik_llama.cpp"},
    {230, "bf16_r16 of ik_llama.cpp"},
    {233, "q6_0_r4 of ik_llama.cpp"},
    {335, "iq2_bn_r4 of ik_llama.cpp"},
    {337, "iq2_k_r4 of ik_llama.cpp"},
    {338, "iq3_k_r4 of ik_llama.cpp"},
    {339, "iq4_k_r4 of ik_llama.cpp"},
    {340, "iq5_k_r4 of ik_llama.cpp"},
    {344, "iq4_ks_r4 of ik_llama.cpp"},
    {352, "iq5_ks_r4 of ik_llama.cpp"},
    {397, "q8_k_r16 of ik_llama.cpp"},
    {398, "q8_kv_r8 of ik_llama.cpp"},
    {399, "q8_k_r8 of ik_llama.cpp"},
};

}  // namespace

std::optional<DType> dtype_from_gguf(uint32_t type_id) {
  for (const Known& known : kKnown)
    if (known.type_id == type_id) return known.dtype;
  return std::nullopt;
}

std::optional<uint32_t> gguf_from_dtype(DType type) {
  for (const Known& known : kKnown)
    if (known.dtype == type) return known.type_id;
  return std::nullopt;
}

std::string_view foreign_gguf_type(uint32_t type_id) {
  for (const Foreign& foreign : kForeign)
    if (foreign.type_id == type_id) return foreign.name;
  return {};
}

}  // namespace sirocco
