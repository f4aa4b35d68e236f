// SPDX-License-Identifier: Apache-2.0
// The JSON part of a safetensors header as records, before any of it is compared with the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"

namespace sirocco {

struct SafetensorsRecord {
  std::string name;
  std::string dtype;
  std::vector<uint64_t> shape;
  std::vector<uint64_t> data_offsets;  // exactly two; relative to the data part
};

// Accepts the documented grammar and nothing else: an object of tensors, each with dtype, shape and
// data_offsets once, plus at most one "__metadata__" object of strings (read over). Names are unique.
Result<std::vector<SafetensorsRecord>> parse_safetensors_header(std::string_view json,
                                                                const std::string& path);

}  // namespace sirocco
