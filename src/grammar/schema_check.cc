// SPDX-License-Identifier: Apache-2.0
#include "grammar/schema_check.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sirocco {
namespace {

// Assertions that no context-free grammar over the text expresses, or that XGrammar does not.
constexpr std::array<std::string_view, 14> kInexpressible = {
    "not",          "if",           "then",       "else",     "dependentRequired", "dependentSchemas",
    "dependencies", "uniqueItems",  "multipleOf", "contains", "minContains",       "maxContains",
    "$dynamicRef",  "$recursiveRef"};

// Keywords whose value is a schema, a list of schemas, or an object of schemas.
constexpr std::array<std::string_view, 5> kSchema = {"additionalProperties", "items", "unevaluatedProperties",
                                                     "unevaluatedItems", "propertyNames"};
constexpr std::array<std::string_view, 4> kList = {"anyOf", "oneOf", "allOf", "prefixItems"};
constexpr std::array<std::string_view, 4> kObject = {"properties", "patternProperties", "$defs",
                                                     "definitions"};
constexpr std::array<std::string_view, 4> kValues = {"enum", "const", "default", "examples"};

template <size_t N>
bool is_one(std::string_view key, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), key) != list.end();
}

// Other documents and names of anchors are not looked up.
bool points_inside(std::string_view reference) {
  return reference == "#" || reference.starts_with("#/");
}

void walk(const Json& schema, const std::string& path, std::vector<std::string>& out) {
  if (!schema.is_object()) return;
  const auto at = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
  for (const auto& [key, value] : schema.items()) {
    if (is_one(key, kInexpressible)) {
      const bool idle = key == "uniqueItems" && value.is_boolean() && !value.get<bool>();
      if (!idle) out.push_back(at(key));
    } else if (key == "$ref" && value.is_string() && !points_inside(value.get_ref<const std::string&>())) {
      out.push_back(at(key));
    } else if (key == "enum" && value.is_array() && value.empty()) {  // XGrammar writes nothing there
      out.push_back(at(key));
    } else if (key == "allOf" && value.is_array() && value.size() > 1) {
      out.push_back(at(key));
    } else if (is_one(key, kSchema)) {
      walk(value, at(key), out);
    } else if (is_one(key, kList) && value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) walk(value[i], at(key) + "[" + std::to_string(i) + "]", out);
    } else if (names_schemas(key) && value.is_object()) {
      for (const auto& [name, inner] : value.items()) walk(inner, at(key) + "." + name, out);
    }
  }
}

}  // namespace

bool names_schemas(std::string_view keyword) {
  return is_one(keyword, kObject);
}

bool holds_values(std::string_view keyword) {
  return is_one(keyword, kValues);
}

std::vector<std::string> inexpressible_keywords(const Json& schema) {
  std::vector<std::string> out;
  walk(schema, "", out);
  return out;
}

size_t most_properties(const Json& schema) {
  size_t most = 0;
  if (!schema.is_structured()) return most;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties" && value.is_object()) most = std::max(most, value.size());
    most = std::max(most, most_properties(value));
  }
  return most;
}

}  // namespace sirocco
