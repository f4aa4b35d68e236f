// SPDX-License-Identifier: Apache-2.0
// TensorFileWriter: a header, then tensors one after the other with padding between them. The caller hands
// over tensor bytes in order, in pieces of any size; padding is put in by itself. What the header says is the
// business of safetensors_writer.h and gguf_writer.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sirocco/result.h"
#include "tensor/dtype.h"
#include "weights/file_writer.h"

namespace sirocco {

struct TensorSpec {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;  // outermost dimension first
};

int64_t element_count(const TensorSpec& spec);
int64_t stored_bytes(const TensorSpec& spec);  // REQUIRES: rows are whole blocks

class TensorFileWriter {
 public:
  static Result<TensorFileWriter> create(const std::string& path, std::string_view header,
                                         std::span<const TensorSpec> tensors, int64_t alignment);

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> publish();        // REQUIRES: every tensor was written whole
  int64_t tensor_bytes() const;  // of all tensors, without header and padding

 private:
  explicit TensorFileWriter(FileWriter file) : file_(std::move(file)) {}
  Result<void> pad();

  FileWriter file_;
  std::vector<int64_t> sizes_bytes_;
  int64_t alignment_ = 1;
  size_t tensor_ = 0;           // being written
  int64_t tensor_written_ = 0;  // bytes of it
};

}  // namespace sirocco
