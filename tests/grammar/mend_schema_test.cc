// SPDX-License-Identifier: Apache-2.0
#include "grammar/mend_schema.h"

#include <gtest/gtest.h>

namespace sirocco {
namespace {

std::string mended(const char* schema) {
  return mend_schema(Json::parse(schema)).dump();
}

TEST(MendSchema, ReadsListsOfItems) {
  EXPECT_EQ(mended(R"({"items":[{"type":"integer"},{}]})"), R"({"prefixItems":[{"type":"integer"},{}]})");
  EXPECT_EQ(mended(R"({"items":[{}],"additionalItems":false})"), R"({"items":false,"prefixItems":[{}]})");
  EXPECT_EQ(mended(R"({"items":[]})"), "{}");
  EXPECT_EQ(mended(R"({"items":{"items":[{}]}})"), R"({"items":{"prefixItems":[{}]}})");
}

TEST(MendSchema, ReadsBoundsThatAreFlags) {
  EXPECT_EQ(mended(R"({"minimum":3,"exclusiveMinimum":true})"), R"({"exclusiveMinimum":3})");
  EXPECT_EQ(mended(R"({"maximum":3,"exclusiveMaximum":false})"), R"({"maximum":3})");
  EXPECT_EQ(mended(R"({"exclusiveMaximum":true})"), "{}");
  EXPECT_EQ(mended(R"({"minimum":3,"exclusiveMinimum":1})"), R"({"minimum":3,"exclusiveMinimum":1})");
}

TEST(MendSchema, TakesNullKeywordsForAbsentOnes) {
  EXPECT_EQ(mended(R"({"type":"object","required":null,"properties":null})"), R"({"type":"object"})");
  EXPECT_EQ(mended(R"({"anyOf":[{"items":null},{"const":null}]})"), R"({"anyOf":[{},{"const":null}]})");
  EXPECT_EQ(mended(R"({"properties":{"items":null,"b":{"items":null}}})"),
            R"({"properties":{"items":null,"b":{}}})");  // there "items" is a name
  EXPECT_EQ(mended(R"({"default":{"items":[1]},"enum":[{"required":null}]})"),
            R"({"default":{"items":[1]},"enum":[{"required":null}]})");
  EXPECT_EQ(mended("null"), "null");
}

}  // namespace
}  // namespace sirocco
