// SPDX-License-Identifier: Apache-2.0
// The header of one safetensors file (docs/formats/safetensors.md), read whole and checked whole: after
// success every tensor's bytes lie inside the file, fit its shape and type, and the tensors tile the data
// part without overlap or gap. No tensor byte is read. Memory is bounded by a small multiple of the header.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"
#include "weights/tensor_entry.h"

namespace sirocco {

inline constexpr size_t kMaxSafetensorsHeaderBytes =
    100'000'000;  // the limit of the reference implementation

// Entries in the order of their bytes; `file_index` is left 0. `path` only opens error messages.
Result<std::vector<TensorEntry>> read_safetensors(std::span<const std::byte> file, const std::string& path);

}  // namespace sirocco
