// SPDX-License-Identifier: Apache-2.0
// The draft-7 meta-schema as a table: which keyword demands which form of its value.
#include "text/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace sirocco {
namespace {

enum class Form {
  string,
  boolean,
  number,
  positive_number,
  count,
  list,
  schema,
  schema_list,
  schema_or_list,
  schemas_by_name,
  dependencies,
  strings,
  type,
};

struct Keyword {
  std::string_view name;
  Form form;
};

constexpr Keyword kKeywords[] = {
    {"$id", Form::string},
    {"$schema", Form::string},
    {"$ref", Form::string},
    {"$comment", Form::string},
    {"title", Form::string},
    {"description", Form::string},
    {"pattern", Form::string},
    {"format", Form::string},
    {"contentMediaType", Form::string},
    {"contentEncoding", Form::string},
    {"readOnly", Form::boolean},
    {"uniqueItems", Form::boolean},
    {"maximum", Form::number},
    {"minimum", Form::number},
    {"exclusiveMaximum", Form::number},
    {"exclusiveMinimum", Form::number},
    {"multipleOf", Form::positive_number},
    {"maxLength", Form::count},
    {"minLength", Form::count},
    {"maxItems", Form::count},
    {"minItems", Form::count},
    {"maxProperties", Form::count},
    {"minProperties", Form::count},
    {"examples", Form::list},
    {"enum", Form::list},
    {"additionalItems", Form::schema},
    {"contains", Form::schema},
    {"additionalProperties", Form::schema},
    {"propertyNames", Form::schema},
    {"if", Form::schema},
    {"then", Form::schema},
    {"else", Form::schema},
    {"not", Form::schema},
    {"items", Form::schema_or_list},
    {"allOf", Form::schema_list},
    {"anyOf", Form::schema_list},
    {"oneOf", Form::schema_list},
    {"definitions", Form::schemas_by_name},
    {"properties", Form::schemas_by_name},
    {"patternProperties", Form::schemas_by_name},
    {"dependencies", Form::dependencies},
    {"required", Form::strings},
    {"type", Form::type},
};

bool is_schema(const PythonJson& json, std::string& wrong);

bool is_type_name(const PythonJson& json) {
  constexpr std::array<std::string_view, 7> kTypes = {"array",  "boolean", "integer", "null",
                                                      "number", "object",  "string"};
  return json.is_string() && std::ranges::find(kTypes, json.text) != kTypes.end();
}

bool all_unique(const std::vector<PythonJson>& items) {
  std::set<std::string> seen;
  return std::ranges::all_of(items, [&](const PythonJson& item) { return seen.insert(item.text).second; });
}

bool are_schemas(const std::vector<PythonJson>& items, std::string& wrong) {
  return std::ranges::all_of(items, [&](const PythonJson& item) { return is_schema(item, wrong); });
}

bool are_strings(const PythonJson& json) {
  return json.is_array() &&
         std::ranges::all_of(json.items, [](const PythonJson& i) { return i.is_string(); }) &&
         all_unique(json.items);
}

bool has_form(const PythonJson& json, Form form, std::string& wrong) {
  switch (form) {
    case Form::string:
      return json.is_string();
    case Form::boolean:
      return json.is(PythonJson::Kind::boolean);
    case Form::number:
      return json.is_number();
    case Form::positive_number:
      return json.is_number() && json.as_double() > 0;
    case Form::count: {
      const double value = json.as_double();
      return json.is_number() && value >= 0 && std::floor(value) == value && !std::isinf(value);
    }
    case Form::list:
      return json.is_array();
    case Form::schema:
      return is_schema(json, wrong);
    case Form::schema_list:
      return json.is_array() && !json.items.empty() && are_schemas(json.items, wrong);
    case Form::schema_or_list:
      return json.is_array() ? !json.items.empty() && are_schemas(json.items, wrong) : is_schema(json, wrong);
    case Form::schemas_by_name:
      return json.is_object() && are_schemas(json.items, wrong);
    case Form::dependencies:
      return json.is_object() && std::ranges::all_of(json.items, [&](const PythonJson& item) {
               return are_strings(item) || is_schema(item, wrong);
             });
    case Form::strings:
      return are_strings(json);
    case Form::type:
      return is_type_name(json) || (json.is_array() && !json.items.empty() &&
                                    std::ranges::all_of(json.items, is_type_name) && all_unique(json.items));
  }
  return false;
}

// Recursion is bounded by the parser's depth limit.
bool is_schema(const PythonJson& json, std::string& wrong) {
  if (json.is(PythonJson::Kind::boolean)) return true;
  if (!json.is_object()) return false;
  for (size_t i = 0; i < json.keys.size(); ++i) {
    const auto* keyword = std::ranges::find(kKeywords, json.keys[i], &Keyword::name);
    if (keyword == std::end(kKeywords) || has_form(json.items[i], keyword->form, wrong)) continue;
    if (wrong.empty()) wrong = json.keys[i];
    return false;
  }
  return true;
}

}  // namespace

Result<void> check_json_schema(const PythonJson& schema, std::string_view path) {
  std::string wrong;
  if (is_schema(schema, wrong)) return {};
  return bad_input(
      fmt::format("{}: not a JSON schema: wrong value of {}", path, wrong.empty() ? "it" : wrong));
}

}  // namespace sirocco
