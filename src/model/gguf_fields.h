// SPDX-License-Identifier: Apache-2.0
// GgufFields: ConfigFields' manner over the keys "<prefix>.<key>" of a GGUF: the first thing wrong sticks.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sirocco/result.h"
#include "weights/gguf_metadata.h"

namespace sirocco {

class GgufFields {
 public:
  GgufFields(const GgufMetadata& metadata, std::string prefix, std::string where)
      : metadata_(metadata), prefix_(std::move(prefix)), where_(std::move(where)) {}

  bool has(std::string_view key) const { return metadata_.find(full(key)) != nullptr; }

  int64_t integer(std::string_view key, int64_t low, int64_t high) {
    if (!has(key)) {
      refuse(key, fmt::format("is missing, expected a whole number from {} to {}", low, high));
      return low;
    }
    return integer(key, low, high, low);
  }
  int64_t integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) {
    if (!has(key)) return fallback;
    const auto value = metadata_.integer(full(key));
    if (value && *value >= low && *value <= high) return *value;
    const std::string found = value ? fmt::format("{}", *value) : "no whole number";
    refuse(key, fmt::format("{}, expected a whole number from {} to {}", found, low, high));
    return low;
  }
  double number(std::string_view key, double low, double high, double fallback) {
    if (!has(key)) return fallback;
    const auto value = metadata_.number(full(key));
    if (value && std::isfinite(*value) && *value >= low && *value <= high) return *value;
    const std::string found = value ? fmt::format("{}", *value) : "no number";
    refuse(key, fmt::format("{}, expected a number from {} to {}", found, low, high));
    return low;
  }
  bool boolean(std::string_view key, bool fallback) {
    if (!has(key)) return fallback;
    const auto value = metadata_.boolean(full(key));
    if (!value) refuse(key, "expected true or false");
    return value.value_or(fallback);
  }
  void refuse(std::string_view key, std::string_view what, ErrorKind kind = ErrorKind::bad_input) {
    if (!error_) error_ = Error{kind, fmt::format("{}: {}: {}", where_, full(key), what)};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  std::string full(std::string_view key) const { return fmt::format("{}.{}", prefix_, key); }

  const GgufMetadata& metadata_;
  std::string prefix_, where_;
  std::optional<Error> error_;
};

}  // namespace sirocco
