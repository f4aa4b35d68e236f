// SPDX-License-Identifier: Apache-2.0
// TensorEntry: one tensor of a file as its header describes it. Bytes are a view of the mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace sirocco {

struct TensorEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t>
      shape;  // outermost dimension first, in every layout (GGUF's order is reversed); [] = scalar
  std::span<const std::byte> bytes;
  int file_index = 0;  // into Checkpoint::file_paths()
};

std::string shape_text(std::span<const int64_t> shape);  // "[4096, 320]", for messages

}  // namespace sirocco
