// SPDX-License-Identifier: Apache-2.0
#include "api/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sirocco::api {

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) error_ = ApiError::bad_request(where_ + ": expected an object", where_);
}

const Json* Fields::any(std::string_view name) {
  read_.emplace(name);
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(std::string(name));
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

bool Fields::has(std::string_view name) {
  return any(name) != nullptr;
}

const Json* Fields::typed(std::string_view name, bool (*fits)(const Json&), std::string_view expected) {
  const Json* value = any(name);
  if (!value || fits(*value)) return value;
  reject(name, fmt::format("expected {}, got {}", expected, value->type_name()));
  return nullptr;
}

const Json* Fields::object(std::string_view name) {
  return typed(
      name, [](const Json& value) { return value.is_object(); }, "an object");
}

const Json* Fields::array(std::string_view name) {
  return typed(
      name, [](const Json& value) { return value.is_array(); }, "an array");
}

const std::string* Fields::string(std::string_view name) {
  const Json* value = typed(
      name, [](const Json& v) { return v.is_string(); }, "a string");
  return value ? &value->get_ref<const std::string&>() : nullptr;
}

std::string Fields::text(std::string_view name) {
  const std::string* value = string(name);
  return value ? *value : std::string();
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Json* value = typed(
      name, [](const Json& v) { return v.is_boolean(); }, "true or false");
  if (!value) return std::nullopt;
  return value->get<bool>();
}

std::optional<double> Fields::number(std::string_view name, double least, double most) {
  const Json* value = typed(
      name, [](const Json& v) { return v.is_number(); }, "a number");
  if (!value) return std::nullopt;
  const double number = value->get<double>();
  if (number >= least && number <= most) return number;
  reject(name, fmt::format("expected a number from {} to {}, got {}", least, most, number));
  return std::nullopt;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t least, int64_t most) {
  const auto value = number(name, static_cast<double>(least), static_cast<double>(most));
  if (!value) return std::nullopt;
  if (*value == std::floor(*value)) return static_cast<int64_t>(*value);
  reject(name, fmt::format("expected an integer, got {}", *value));
  return std::nullopt;
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  read_.insert(names.begin(), names.end());
}

void Fields::reject(std::string_view name, std::string_view problem) {
  if (error_) return;
  const std::string field = where_ + std::string(name);
  error_ = ApiError::bad_request(fmt::format("{}: {}", field, problem), field);
}

std::vector<std::string> Fields::unread() const {
  std::vector<std::string> names;
  if (!object_.is_object()) return names;
  for (const auto& [name, value] : object_.items()) {
    if (!read_.contains(name)) names.push_back(where_ + name);
  }
  return names;
}

std::vector<std::string> Fields::unread_of(std::vector<std::string> names) const {
  const std::vector<std::string> nobodys = unread();
  std::erase_if(names, [&](const std::string& name) { return std::ranges::find(nobodys, name) == nobodys.end(); });
  return names;
}

ApiResult<Json> parse_body(std::string_view body) {
  auto json = parse_json(body, "request body");
  if (!json) return fail_api(ApiError::bad_request(json.error().message));
  if (!json->is_object()) {
    return fail_api(
        ApiError::bad_request(fmt::format("request body: expected an object, got {}", json->type_name())));
  }
  return *std::move(json);
}

}  // namespace sirocco::api
