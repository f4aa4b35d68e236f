// SPDX-License-Identifier: Apache-2.0
// Input: a safetensors file; or, when it begins with '{', a header's text, framed here before 64 data bytes,
// so that mutation reaches the JSON without having to keep the length right.
// Covers: src/weights/safetensors*
#include <string>

#include "base/check.h"
#include "weights/safetensors.h"

namespace {

std::string framed(const uint8_t* data, size_t size) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(size >> (8 * i));
  file.append(reinterpret_cast<const char*>(data), size);
  return file.append(64, 'x');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const bool header = size > 0 && data[0] == '{';
  const std::string file =
      header ? framed(data, size) : std::string(reinterpret_cast<const char*>(data), size);
  const auto bytes = std::as_bytes(std::span(file));
  const auto entries = sirocco::read_safetensors(bytes, "fuzz");
  if (!entries) {
    CHECK(!entries.error().message.empty() && entries.error().message.find('\n') == std::string::npos);
    return 0;
  }
  size_t total = 0;
  for (const sirocco::TensorEntry& entry : *entries) {
    CHECK(entry.bytes.data() >= bytes.data() && entry.bytes.size() <= bytes.size());
    CHECK(entry.bytes.data() + entry.bytes.size() <= bytes.data() + bytes.size());
    total += entry.bytes.size();
  }
  CHECK(total <= bytes.size());
  return 0;
}
