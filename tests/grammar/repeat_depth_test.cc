// SPDX-License-Identifier: Apache-2.0
#include "grammar/repeat_depth.h"

#include <gtest/gtest.h>

#include <string>

namespace sirocco {
namespace {

TEST(RepeatDepth, FollowsRules) {
  EXPECT_FALSE(repeats_multiply("root ::= ((a{1, 999}))\na ::= ((b{1, 999}))\nb ::= ((\"x\"))\n"));
  EXPECT_TRUE(repeats_multiply("root ::= ((a{1, 999}))\na ::= ((b{1, 999}))\nb ::= ((c{1, 999}))\nc ::= ((\"x\"))\n"));
  EXPECT_TRUE(repeats_multiply("c ::= ((d{0, 20}))\nb ::= ((\"y\" c{0, 20}))\nroot ::= ((b{0, 20}))\nd ::= ((\"x\"))"));
}

TEST(RepeatDepth, CountsOnlyWhatVariesAndGoesRoundOften) {
  EXPECT_FALSE(repeats_multiply("a ::= ((b{3, 3}))\nb ::= ((c{1, 999}))\nc ::= ((d{2, -1}))\nd ::= ((e{1, 999}))"));
  EXPECT_FALSE(repeats_multiply("a ::= ((b{0, 9}))\nb ::= ((c{0, 9}))\nc ::= ((d{0, 9}))\nd ::= ((\"x\"))"));
  EXPECT_TRUE(repeats_multiply("a ::= ((b{0, 9}))\nb ::= ((c{0, 9}))\nc ::= ((d{0, 9}))\nd ::= ((e{0, 9}))"));
}

TEST(RepeatDepth, LeavesLiteralsClassesAndCyclesAlone) {
  EXPECT_FALSE(repeats_multiply(R"(a ::= (("b{1, 999}" [b{1, 999}]))" "\nb ::= ((\"c{1, 999}\"))"));
  EXPECT_FALSE(repeats_multiply("root ::= ((\"[\" root{0, 300} \"]\") | (\"x\"))"));
  EXPECT_FALSE(repeats_multiply("a ::= ((b{0, 300}))\nb ::= ((\"[\" a \"]\") | (\"x\"))"));
  EXPECT_FALSE(repeats_multiply(""));
  EXPECT_FALSE(repeats_multiply("a ::= \"\nb ::= [\nc ::= x{"));
}

TEST(RepeatDepth, ChainsMayBeLong) {
  std::string chain;
  for (int i = 0; i < 50000; ++i) chain += "r" + std::to_string(i) + " ::= ((r" + std::to_string(i + 1) + "))\n";
  EXPECT_FALSE(repeats_multiply(chain));
  EXPECT_TRUE(repeats_multiply(chain + "r50000 ::= ((x{1, 99}))\nx ::= ((y{1, 99}))\ny ::= ((z{1, 99}))"));
}

}  // namespace
}  // namespace sirocco
