// SPDX-License-Identifier: Apache-2.0
// The key/value part of a GGUF header (docs/formats/gguf.md). Keys keep their file order; arrays keep their
// element type. Lookups convert between integer widths where the value fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sirocco {

struct GgufValue {
  using Scalar = std::variant<uint64_t, int64_t, double, bool, std::string>;
  using Array = std::variant<std::vector<uint64_t>, std::vector<int64_t>, std::vector<double>, std::vector<bool>,
                             std::vector<std::string>>;
  std::variant<Scalar, Array> value;
};

class GgufMetadata {
 public:
  std::vector<std::pair<std::string, GgufValue>> entries;

  const GgufValue* find(std::string_view key) const;
  std::optional<int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;  // integers too
  std::optional<bool> boolean(std::string_view key) const;
  const std::string* text(std::string_view key) const;
  const std::vector<std::string>* texts(std::string_view key) const;
  std::optional<std::vector<int64_t>> integers(std::string_view key) const;
};

}  // namespace sirocco
