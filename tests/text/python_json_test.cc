// SPDX-License-Identifier: Apache-2.0
#include "text/python_json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "golden_lines.h"

namespace sirocco {
namespace {

TEST(PythonJson, ReadsAndWritesAsPythonDoes) {
  for (const PythonJson& line : golden_lines("python_json.jsonl")) {
    const PythonJson& in = *line.find("in");
    const auto json = parse_python_json(in.text, "test");
    const PythonJson& out = *line.find("out");
    ASSERT_EQ(static_cast<bool>(json), out.is_string()) << in.text;
    if (json) {
      EXPECT_EQ(dump_python_json(*json), out.text) << in.text;
    } else {
      EXPECT_EQ(json.error().kind, ErrorKind::bad_input) << in.text;
    }
  }
}

TEST(PythonJson, RefusesWhatPythonFailsOnLater) {
  for (const std::string& text :
       {std::string(1'000'000, '['), std::string(4301, '1'), std::string(R"("\ud800")"),
        std::string(R"("\ud800\u0041")"), std::string(R"("\udc00")")}) {
    const auto json = parse_python_json(text, "test");
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().kind, ErrorKind::unsupported) << json.error().message;
  }
}

TEST(PythonJson, FindsRepeatedKeysInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"k" + std::to_string(i % 600) + "\": " + std::to_string(i) + ",";
  text.back() = '}';
  const auto json = parse_python_json(text, "test");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->keys.size(), 600u);
  EXPECT_EQ(json->find("k0")->as_int64(), 600);
  EXPECT_EQ(json->find("k599")->as_int64(), 599);
}

TEST(PythonJson, GivesNumbersTheirValue) {
  const auto json = parse_python_json("[1.5, 3, NaN, -Infinity, 1e400]", "test");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->items[0].as_double(), 1.5);
  EXPECT_EQ(json->items[1].as_double(), 3);
  EXPECT_TRUE(std::isnan(json->items[2].as_double()));
  EXPECT_EQ(json->items[3].as_double(), -INFINITY);
  EXPECT_EQ(json->items[4].as_double(), INFINITY);
  EXPECT_FALSE(json->items[0].as_int64());
}

}  // namespace
}  // namespace sirocco
