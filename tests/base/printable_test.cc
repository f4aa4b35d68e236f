// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace sirocco {
namespace {

TEST(Printable, KeepsAsciiAndSpellsTheRest) {
  EXPECT_EQ(printable("a b~"), "a b~");
  EXPECT_EQ(printable("a\nb\x7f\xc3"), "a\\x0ab\\x7f\\xc3");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Printable, KeepsParserMessagesShort) {
  const auto json = parse_json("{\"" + std::string(1'000'000, 'a') + "\n", "f");
  ASSERT_FALSE(json);
  EXPECT_LT(json.error().message.size(), 300u);
}

}  // namespace
}  // namespace sirocco
