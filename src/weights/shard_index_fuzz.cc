// SPDX-License-Identifier: Apache-2.0
// Any bytes as a *.safetensors.index.json: an error in one line, or names of files beside it.
#include "base/check.h"
#include "weights/shard_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto index = sirocco::parse_shard_index({reinterpret_cast<const char*>(data), size}, "x.json");
  if (!index) {
    CHECK(index.error().message.rfind("x.json: ", 0) == 0);
    CHECK(index.error().message.find('\n') == std::string::npos);
    return 0;
  }
  for (const auto& [tensor, file] : *index) {
    CHECK(!file.empty() && file != "." && file != "..");
    CHECK(file.find('/') == std::string::npos);
  }
  return 0;
}
