// SPDX-License-Identifier: Apache-2.0
#include "grammar/mend_schema.h"

#include "grammar/schema_check.h"

namespace sirocco {
namespace {

void drop_null_keywords(Json& schema) {
  Json kept = Json::object();
  for (auto& [key, value] : schema.items())
    if (!value.is_null() || holds_values(key)) kept[key] = std::move(value);  // const: null is a value
  schema = std::move(kept);
}

void mend_tuple(Json& schema) {
  const auto items = schema.find("items");
  if (items == schema.end() || !items->is_array()) return;
  Json tuple = std::move(*items);
  schema.erase("items");
  if (schema.contains("additionalItems")) {
    schema["items"] = schema["additionalItems"];
    schema.erase("additionalItems");
  }
  if (!tuple.empty()) schema["prefixItems"] = std::move(tuple);
}

void mend_bound(Json& schema, const char* bound, const char* exclusive) {
  const auto flag = schema.find(exclusive);
  if (flag == schema.end() || !flag->is_boolean()) return;
  const bool applies = flag->get<bool>();
  schema.erase(exclusive);
  if (!applies || !schema.contains(bound)) return;
  schema[exclusive] = schema[bound];
  schema.erase(bound);
}

void mend(Json& schema) {
  if (schema.is_array())
    for (Json& item : schema) mend(item);
  if (!schema.is_object()) return;
  drop_null_keywords(schema);
  mend_tuple(schema);
  mend_bound(schema, "minimum", "exclusiveMinimum");
  mend_bound(schema, "maximum", "exclusiveMaximum");
  for (auto& [key, value] : schema.items()) {
    if (holds_values(key)) continue;
    if (names_schemas(key) && value.is_object())
      for (auto& [name, inner] : value.items()) mend(inner);
    else
      mend(value);
  }
}

}  // namespace

Json mend_schema(Json schema) {
  mend(schema);
  return schema;
}

}  // namespace sirocco
