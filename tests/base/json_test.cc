// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace sirocco {
namespace {

TEST(ParseJson, KeepsKeyOrder) {
  const auto json = parse_json(R"({"b": 1, "a": 2})", "test");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"b":1,"a":2})");
}

TEST(ParseJson, RefusesAMillionLevels) {
  const auto json = parse_json(std::string(1'000'000, '['), "deep.json");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().message, "deep.json: JSON nests deeper than 256 levels");
}

TEST(ParseJson, BracketsInStringsDoNotNest) {
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\"", "test"));
}

TEST(ParseJson, RefusesInvalidUtf8AndTrailingText) {
  EXPECT_FALSE(parse_json("\"\xff\"", "test"));
  EXPECT_FALSE(parse_json("{} {}", "test"));
}

}  // namespace
}  // namespace sirocco
