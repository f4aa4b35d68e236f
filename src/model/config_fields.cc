// SPDX-License-Identifier: Apache-2.0
#include "model/config_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "base/printable.h"

namespace sirocco {
namespace {

std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  return printable(value.dump(-1, ' ', true, Json::error_handler_t::replace), 60);
}

}  // namespace

ConfigFields::ConfigFields(const Json& object, std::string where)
    : ConfigFields(object.is_object() ? &object : nullptr, std::move(where), "",
                   std::make_shared<std::optional<Error>>()) {
  if (object_ == nullptr)
    *error_ = Error{ErrorKind::bad_input, fmt::format("{}: {}, expected an object", where_, shown(object))};
}

ConfigFields::ConfigFields(const Json* object, std::string where, std::string prefix,
                           std::shared_ptr<std::optional<Error>> error)
    : object_(object), where_(std::move(where)), prefix_(std::move(prefix)), error_(std::move(error)) {}

const Json* ConfigFields::find(const char* key) const {
  if (object_ == nullptr) return nullptr;
  const auto it = object_->find(key);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

void ConfigFields::refuse(std::string_view key, std::string_view what, ErrorKind kind) {
  if (!*error_) *error_ = Error{kind, fmt::format("{}: {}{}: {}", where_, prefix_, key, what)};
}

int64_t ConfigFields::integer(const char* key, int64_t low, int64_t high) {
  if (!has(key)) {
    refuse(key, fmt::format("is missing, expected a whole number from {} to {}", low, high));
    return low;
  }
  return integer(key, low, high, low);
}

int64_t ConfigFields::integer(const char* key, int64_t low, int64_t high, int64_t fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  const bool too_big =
      value->is_number_unsigned() && value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  if (value->is_number_integer() && !too_big) {
    const auto n = value->get<int64_t>();
    if (n >= low && n <= high) return n;
  }
  refuse(key, fmt::format("{}, expected a whole number from {} to {}", shown(*value), low, high));
  return low;
}

double ConfigFields::number(const char* key, double low, double high) {
  if (!has(key)) {
    refuse(key, fmt::format("is missing, expected a number from {} to {}", low, high));
    return low;
  }
  return number(key, low, high, low);
}

double ConfigFields::number(const char* key, double low, double high, double fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_number()) {
    const auto x = value->get<double>();
    if (std::isfinite(x) && x >= low && x <= high) return x;
  }
  refuse(key, fmt::format("{}, expected a number from {} to {}", shown(*value), low, high));
  return low;
}

bool ConfigFields::boolean(const char* key, bool fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  refuse(key, fmt::format("{}, expected true or false", shown(*value)));
  return fallback;
}

std::string ConfigFields::text(const char* key, std::string_view fallback) {
  const Json* value = find(key);
  if (value == nullptr) return std::string(fallback);
  if (value->is_string()) return value->get<std::string>();
  refuse(key, fmt::format("{}, expected a string", shown(*value)));
  return std::string(fallback);
}

std::optional<ConfigFields> ConfigFields::object(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return ConfigFields(value, where_, prefix_ + key + ".", error_);
  refuse(key, fmt::format("{}, expected an object", shown(*value)));
  return std::nullopt;
}

}  // namespace sirocco
