// SPDX-License-Identifier: Apache-2.0
#include "grammar/bounded_space.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sirocco {
namespace {

// What is written before the chain of rules.
std::string head(std::string_view grammar) {
  const std::string out = bound_whitespace(grammar);
  return out.substr(0, out.find("\nspace"));
}

TEST(BoundedSpace, ReplacesWhiteSpaceBetweenElements) {
  EXPECT_EQ(head(R"(root ::= "{" [ \n\r\t]* "}")"), R"(root ::= "{" ("" | space0) "}")");
  EXPECT_EQ(head("a ::= [ \\n\\r\\t]* b\nb ::= [ \\n\\r\\t]*"), "a ::= (\"\" | space0) b\nb ::= (\"\" | space0)");
}

TEST(BoundedSpace, LeavesLiteralsClassesAndLookaheads) {
  for (const char* grammar : {R"(root ::= "[ \n\r\t]*")", R"(root ::= "\"[ \n\r\t]*")", R"(root ::= [\][ \n\r\t]*])",
                              R"(root ::= ("a") (=([ \n\r\t]* [,}\]:])))", R"(root ::= [ \n\r\t]{0,3})", "", "\"", "["})
    EXPECT_EQ(bound_whitespace(grammar), grammar);
  EXPECT_EQ(head("a ::= x (=([ \\n\\r\\t]*))\nb ::= [ \\n\\r\\t]*"),
            "a ::= x (=([ \\n\\r\\t]*))\nb ::= (\"\" | space0)");
}

TEST(BoundedSpace, MendsRepetitionsWithoutAnEnd) {
  EXPECT_EQ(bound_whitespace("root ::= a{2, -1} \", -1}\""), "root ::= a{2,} \", -1}\"");
}

TEST(BoundedSpace, ChainsAsManyRulesAsItAllowsCharacters) {
  const std::string out = bound_whitespace("root ::= [ \\n\\r\\t]*\n");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1 + kMostWhitespace);
  EXPECT_TRUE(out.ends_with("\nspace38 ::= [ \\n\\r\\t] | [ \\n\\r\\t] space39\nspace39 ::= [ \\n\\r\\t]\n")) << out;
}

TEST(BoundedSpace, KeepsClearOfOtherRules) {
  const std::string out = bound_whitespace("root ::= spaceship [ \\n\\r\\t]*");
  EXPECT_TRUE(out.starts_with("root ::= spaceship (\"\" | space_0)\n")) << out;
}

}  // namespace
}  // namespace sirocco
