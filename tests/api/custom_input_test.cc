// SPDX-License-Identifier: Apache-2.0
#include "api/custom_input.h"

#include <gtest/gtest.h>

namespace sirocco::api {
namespace {

std::string text_of(std::string_view arguments, size_t step) {
  CustomInput input;
  std::string pieces;
  for (size_t i = 0; i < arguments.size(); i += step) pieces += input.take(arguments.substr(i, step));
  EXPECT_EQ(pieces, input.text());
  return pieces;
}

TEST(CustomInput, IsTheTextWithinTheArgumentsHoweverTheyCome) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"input": "ls -l"})", "ls -l"},
      {"{ \n\"input\" :\t\"a\" }", "a"},
      {R"({"input":""})", ""},
      {R"({"input":"\"a\\\n\u00e9\ud83d\ude00é"})", "\"a\\\né😀é"},
      {R"({"input":"a\ud83d."})", "a"},  // cut, or never whole
      {R"({"input":"a\ud83d.......b"})", "a\xEF\xBF\xBD.......b"},
      {R"({"input":"a\udc00."})", "a\xEF\xBF\xBD."},
      {R"({"input":"a)", "a"},  // the model ran out of tokens
      {R"({"input":"a\)", "a"},
      {"", ""},
  };
  for (const auto& [arguments, text] : cases)
    for (const size_t step : {1, 2, 3, 5, 100})
      EXPECT_EQ(text_of(arguments, step), text) << arguments << " " << step;
}

TEST(CustomInput, TakesArgumentsOfAnyOtherFormAsText) {
  for (const char* arguments : {"ls -l", R"({"command":"ls"})", R"({"input":5})", R"({"in put":"x"})", "[1]"})
    for (const size_t step : {1, 4, 100}) EXPECT_EQ(text_of(arguments, step), arguments) << step;
}

}  // namespace
}  // namespace sirocco::api
