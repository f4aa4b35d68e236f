// SPDX-License-Identifier: Apache-2.0
// Covers: src/text/data_url.cc src/text/base64.cc
#include "base/check.h"
#include "text/data_url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view url(reinterpret_cast<const char*>(data), size);
  const auto bytes = sirocco::data_of_url(url);
  if (bytes) {
    CHECK(bytes->size() <= url.size() / 4 * 3);
    return 0;
  }
  CHECK(bytes.error().message.starts_with("image_url: "));
  CHECK(bytes.error().message.size() < 400);
  return 0;
}
