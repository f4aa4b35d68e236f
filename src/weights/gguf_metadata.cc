// SPDX-License-Identifier: Apache-2.0
#include "weights/gguf_metadata.h"

#include <limits>

namespace sirocco {
namespace {

std::optional<int64_t> fit(uint64_t value) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(value);
}

// The alternative `T` of the scalar under `key`, or null.
template <class T>
const T* scalar(const GgufMetadata& metadata, std::string_view key) {
  const GgufValue* entry = metadata.find(key);
  const auto* value = entry == nullptr ? nullptr : std::get_if<GgufValue::Scalar>(&entry->value);
  return value == nullptr ? nullptr : std::get_if<T>(value);
}

template <class T>
const std::vector<T>* array(const GgufMetadata& metadata, std::string_view key) {
  const GgufValue* entry = metadata.find(key);
  const auto* value = entry == nullptr ? nullptr : std::get_if<GgufValue::Array>(&entry->value);
  return value == nullptr ? nullptr : std::get_if<std::vector<T>>(value);
}

}  // namespace

const GgufValue* GgufMetadata::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

std::optional<int64_t> GgufMetadata::integer(std::string_view key) const {
  if (const auto* value = scalar<int64_t>(*this, key)) return *value;
  if (const auto* value = scalar<uint64_t>(*this, key)) return fit(*value);
  return std::nullopt;
}

std::optional<double> GgufMetadata::number(std::string_view key) const {
  if (const auto* value = scalar<double>(*this, key)) return *value;
  if (const auto* value = scalar<int64_t>(*this, key)) return static_cast<double>(*value);
  if (const auto* value = scalar<uint64_t>(*this, key)) return static_cast<double>(*value);
  return std::nullopt;
}

std::optional<bool> GgufMetadata::boolean(std::string_view key) const {
  if (const auto* value = scalar<bool>(*this, key)) return *value;
  return std::nullopt;
}

const std::string* GgufMetadata::text(std::string_view key) const {
  return scalar<std::string>(*this, key);
}

const std::vector<std::string>* GgufMetadata::texts(std::string_view key) const {
  return array<std::string>(*this, key);
}

std::optional<std::vector<int64_t>> GgufMetadata::integers(std::string_view key) const {
  if (const auto* values = array<int64_t>(*this, key)) return *values;
  const auto* values = array<uint64_t>(*this, key);
  if (values == nullptr) return std::nullopt;
  std::vector<int64_t> result;
  result.reserve(values->size());
  for (const uint64_t value : *values) {
    if (!fit(value)) return std::nullopt;
    result.push_back(*fit(value));
  }
  return result;
}

}  // namespace sirocco
