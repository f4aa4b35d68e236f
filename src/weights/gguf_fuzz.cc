// SPDX-License-Identifier: Apache-2.0
// Any bytes as a GGUF file: an error in one line, or a file whose tensors lie inside the bytes, apart from
// each other and in the size that shape and type ask for.
//
// Covers: src/weights/gguf_*
#include <algorithm>
#include <span>

#include "base/check.h"
#include "weights/gguf_reader.h"
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

void check_tensors(const GgufFile& file, size_t file_bytes) {
  for (const GgufTensor& tensor : file.tensors) {
    CHECK(!tensor.name.empty() && !tensor.shape.empty());
    int64_t rows = 1;
    for (size_t d = 0; d + 1 < tensor.shape.size(); ++d) rows *= tensor.shape[d];
    CHECK(tensor.size_bytes == rows * row_bytes(tensor.dtype, tensor.shape.back()));
    CHECK(tensor.begin >= 0 && tensor.begin + tensor.size_bytes <= static_cast<int64_t>(file_bytes));
    CHECK(tensor.begin % file.alignment == 0);
    CHECK(dtype_from_gguf(*gguf_from_dtype(tensor.dtype)) == tensor.dtype);
    for (const GgufTensor& other : file.tensors)
      CHECK(&other == &tensor || other.begin >= tensor.begin + tensor.size_bytes ||
            tensor.begin >= other.begin + other.size_bytes);
  }
}

void look_up(const GgufMetadata& metadata) {
  for (const auto& [key, value] : metadata.entries) {
    CHECK(metadata.find(key) == &value);
    const auto integer = metadata.integer(key);
    CHECK(!integer || metadata.number(key) == static_cast<double>(*integer));
    CHECK(!(metadata.boolean(key) && metadata.number(key)));
    CHECK(!(metadata.text(key) && metadata.texts(key)));
    (void)metadata.integers(key);
  }
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = sirocco::read_gguf({reinterpret_cast<const std::byte*>(data), size}, "x.gguf");
  if (!file) {
    CHECK(file.error().message.rfind("x.gguf: ", 0) == 0);
    CHECK(file.error().message.find('\n') == std::string::npos);
    return 0;
  }
  sirocco::check_tensors(*file, size);
  sirocco::look_up(file->metadata);
  return 0;
}
