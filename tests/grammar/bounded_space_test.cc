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
  EXPECT_EQ(head(R"(root ::= "{" [ \n\t]* "}")"), R"(root ::= "{" ("" | space0) "}")");
  EXPECT_EQ(head("a ::= [ \\n\\t]* b\nb ::= [ \\n\\t]*"), "a ::= (\"\" | space0) b\nb ::= (\"\" | space0)");
}

TEST(BoundedSpace, LeavesLiteralsClassesAndLookaheads) {
  for (const char* grammar : {R"(root ::= "[ \n\t]*")", R"(root ::= "\"[ \n\t]*")", R"(root ::= [\][ \n\t]*])",
                              R"(root ::= ("a") (=([ \n\t]* [,}\]:])))", R"(root ::= [ \n\t]{0,3})", "", "\"", "["})
    EXPECT_EQ(bound_whitespace(grammar), grammar);
  EXPECT_EQ(head("a ::= x (=([ \\n\\t]*))\nb ::= [ \\n\\t]*"), "a ::= x (=([ \\n\\t]*))\nb ::= (\"\" | space0)");
}

TEST(BoundedSpace, MendsRepetitionsWithoutAnEnd) {
  EXPECT_EQ(bound_whitespace("root ::= a{2, -1} \", -1}\""), "root ::= a{2,} \", -1}\"");
}

TEST(BoundedSpace, ChainsAsManyRulesAsItAllowsCharacters) {
  const std::string out = bound_whitespace("root ::= [ \\n\\t]*\n");
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 1 + kMostWhitespace);
  EXPECT_TRUE(out.ends_with("\nspace38 ::= [ \\n\\t] | [ \\n\\t] space39\nspace39 ::= [ \\n\\t]\n")) << out;
}

TEST(BoundedSpace, KeepsClearOfOtherRules) {
  EXPECT_TRUE(bound_whitespace("root ::= spaceship [ \\n\\t]*").starts_with("root ::= spaceship (\"\" | space_0)\n"));
}

}  // namespace
}  // namespace sirocco
