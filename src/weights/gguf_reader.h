// SPDX-License-Identifier: Apache-2.0
// The header of one GGUF file (versions 2 and 3, little-endian), read whole and checked whole: after success
// every tensor's byte range lies inside the file, overlaps no other and fits its shape and type. No tensor
// byte is read. Memory is bounded by a small multiple of the file's size. Byte layout: docs/formats/gguf.md.
// Split files (-00001-of-0000N) are several of these; weights/checkpoint.cc joins them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sirocco/result.h"
#include "tensor/dtype.h"
#include "weights/gguf_metadata.h"

namespace sirocco {

struct GgufTensor {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;  // outermost dimension first (the file's order reversed); 1 to 4 dimensions
  int64_t begin = 0;           // bytes from the start of the file
  int64_t size_bytes = 0;
};

struct GgufFile {
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in file order
  int version = 0;
  int64_t alignment = 32;
};

// `path` only opens error messages. A shard without any tensor is valid (the first of a split set often is).
Result<GgufFile> read_gguf(std::span<const std::byte> bytes, const std::string& path);

}  // namespace sirocco
