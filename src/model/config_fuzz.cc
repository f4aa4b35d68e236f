// SPDX-License-Identifier: Apache-2.0
// Input: a GGUF (by its magic), or JSON that is read as params.json, as config.json and as a known model's
// document. A configuration that is accepted must have sizes that fit their integers.
// Covers: src/model/config_* src/model/sizes.cc src/model/known_models.cc
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "model/bind.h"
#include "model/known_models.h"
#include "model/sizes.h"
#include "weights/gguf_reader.h"

namespace sirocco {
namespace {

void use(const Result<Config>& config) {
  if (!config) {
    CHECK(!config.error().message.empty() && config.error().message.find('\n') == std::string::npos);
    return;
  }
  CHECK(count_parameters(*config).total() > 0);
  CHECK(cache_bytes_per_token(*config) > 0);
  CHECK(cache_bytes(*config, 1'000'000) > 0);
  CHECK(operations_per_token(*config, 1'000'000) > 0);
  for (const PrecisionBytes& precision : weight_bytes_by_precision(*config))
    CHECK(precision.weight_bytes > 0);
  CHECK(longest_context(*config) > 0);
}

void use_gguf(std::string_view input) {
  const auto gguf = read_gguf(std::as_bytes(std::span(input)), "fuzz");
  if (!gguf) return;
  auto config = parse_gguf_config(gguf->metadata, "fuzz");
  if (config && config->vocabulary == 0) config->vocabulary = 1;
  use(config);
  const auto vision = parse_mmproj_config(gguf->metadata, "fuzz", 64);
  CHECK(vision ? vision->hidden % vision->heads == 0 : !vision.error().message.empty());
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with("GGUF")) {
    sirocco::use_gguf(input);
    return 0;
  }
  const auto json = sirocco::parse_json(input, "fuzz");
  if (!json) return 0;
  sirocco::use(sirocco::parse_native_config(*json, "fuzz"));
  sirocco::use(sirocco::parse_hugging_face_config(*json, "fuzz"));
  const auto known = sirocco::parse_known_model(input, "fuzz");
  CHECK(known || !known.error().message.empty());
  return 0;
}
