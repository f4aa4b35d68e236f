// SPDX-License-Identifier: Apache-2.0
// openapi.json is true to the routes, and says something about every value.
#include "api/openapi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/prompts.h"
#include "api/routes.h"

namespace sirocco::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

TEST(OpenApi, DescribesExactlyTheRoutes) {
  const Json document = Json::parse(openapi_text());
  std::set<std::string> described, offered;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) described.insert(method + " " + path);
  }
  for (const Route& route : routes()) offered.insert(lower(route.method) + " " + std::string(route.path));
  EXPECT_EQ(described, offered);
}

TEST(OpenApi, MarksExactlyTheOpenRoutes) {
  const Json document = Json::parse(openapi_text());
  for (const Route& route : routes()) {
    const Json& operation = document["paths"][std::string(route.path)][lower(route.method)];
    EXPECT_EQ(operation.contains("security"), route.open) << route.path;
  }
}

// A schema that takes anything describes nothing.
void check_schema(const Json& schema, const std::string& where) {
  ASSERT_TRUE(schema.is_object() && !schema.empty()) << where;
  bool says = false;
  for (const char* key : {"type", "$ref", "const", "enum", "anyOf", "oneOf"})
    says = says || schema.contains(key);
  EXPECT_TRUE(says) << where;
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, inner] : properties.items()) {
    check_schema(inner, where + "." + name);
  }
  for (const char* key : {"items", "additionalProperties"}) {
    if (schema.contains(key)) check_schema(schema[key], where + "." + key);
  }
  for (const char* key : {"anyOf", "oneOf"}) {
    const Json options = schema.value(key, Json::array());
    for (const Json& inner : options) check_schema(inner, where + "." + key);
  }
}

TEST(OpenApi, HasNoEmptySchemasAndNoDanglingReferences) {
  const Json document = Json::parse(openapi_text());
  for (const auto& [name, schema] : document["components"]["schemas"].items()) check_schema(schema, name);
  const auto follow = [&](const auto& self, const Json& node) -> void {
    if (node.is_object() && node.contains("$ref")) {
      const std::string target = node["$ref"].get<std::string>().substr(1);
      EXPECT_TRUE(document.contains(Json::json_pointer(target))) << target;
    }
    if (node.is_structured()) {
      for (const Json& inner : node) self(self, inner);
    }
  };
  follow(follow, document);
}

// The bounds are the server's: those of the tests (few prompts, a small vocabulary) are in tests/clients/api.py.
TEST(OpenApi, StatesTheServersOwnBounds) {
  const Json document = Json::parse(openapi_text());
  const auto field = [&](const char* schema, const char* name) -> const Json& {
    return document["components"]["schemas"][schema]["properties"][name];
  };
  for (const char* schema : {"CompletionRequest", "NativeRequest"}) {
    const Json& forms = field(schema, "prompt")["anyOf"];
    EXPECT_FALSE(forms[1]["items"].contains("maximum")) << schema;
    EXPECT_EQ(forms[2]["maxItems"], PromptRules{}.max_prompts) << schema;
  }
  for (const char* schema : {"ChatRequest", "CompletionRequest"}) EXPECT_EQ(field(schema, "n")["maximum"], 128);
  for (const char* schema : {"ChatRequest", "CompletionRequest", "NativeRequest", "InfillRequest", "MessagesRequest",
                             "ResponsesRequest", "FimRequest"})
    EXPECT_EQ(field(schema, "temperature")["maximum"], 100) << schema;
  EXPECT_FALSE(field("ChatRequest", "logit_bias").contains("propertyNames"));
}

}  // namespace
}  // namespace sirocco::api
