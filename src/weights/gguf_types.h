// SPDX-License-Identifier: Apache-2.0
// The numbers that GGUF gives to tensor types: those that this project reads, and the names of those that it
// does not (removed ones, other programs' own), so that an error can say what the file holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace sirocco {

std::optional<DType> dtype_from_gguf(uint32_t type_id);
std::optional<uint32_t> gguf_from_dtype(DType type);  // for writers; the inverse of the above

// "iq4_k_r4 of ik_llama.cpp"; empty for a number that nobody is known to use.
std::string_view foreign_gguf_type(uint32_t type_id);

}  // namespace sirocco
