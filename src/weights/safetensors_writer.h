// SPDX-License-Identifier: Apache-2.0
// Writing safetensors (docs/formats/safetensors.md): tensors lie in the order given, without holes.
#pragma once

#include <map>
#include <span>
#include <string>

#include "weights/tensor_file_writer.h"

namespace sirocco {

// REQUIRES: names are unique; dtypes are ones that safetensors knows (no GGUF blocks).
Result<TensorFileWriter> create_safetensors(const std::string& path, std::span<const TensorSpec> tensors);

// The index beside a sharded set: {"metadata": {"total_size": …}, "weight_map": {name: file}}.
Result<void> write_safetensors_index(const std::string& path, int64_t total_size_bytes,
                                     const std::map<std::string, std::string>& file_of_tensor);

}  // namespace sirocco
