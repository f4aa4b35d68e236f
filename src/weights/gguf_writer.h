// SPDX-License-Identifier: Apache-2.0
// Writing GGUF version 3 (docs/formats/gguf.md). Metadata integers are stored in 32 bits where they fit, else
// in 64; numbers as float32. Tensor data is aligned to kGgufAlignment.
#pragma once

#include <span>
#include <string>

#include "weights/gguf_metadata.h"
#include "weights/tensor_file_writer.h"

namespace sirocco {

inline constexpr int64_t kGgufAlignment = 32;

// REQUIRES: names and keys are unique; dtypes are ones that the reader takes (weights/gguf_types.h); 1 to 4 dimensions.
Result<TensorFileWriter> create_gguf(const std::string& path, const GgufMetadata& metadata,
                                     std::span<const TensorSpec> tensors);

}  // namespace sirocco
