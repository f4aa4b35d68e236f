// SPDX-License-Identifier: Apache-2.0
#include "text/reply_parser.h"

#include <gtest/gtest.h>

#include "golden_lines.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

struct Reply {
  std::string content, reasoning;
  std::vector<std::pair<std::string, std::string>> calls;  // name, arguments
  bool ended = false;
  std::vector<TokenId> content_ids = {};
};

// Pushes spelled-out tokens one by one and checks what holds for every delta.
Reply parse(std::string_view spelled, ReplyParserOptions options = {},
            TokenizerVersion version = TokenizerVersion::v15) {
  Tokenizer tokenizer = golden_tokenizer();
  tokenizer.set_version(version);
  ReplyParser parser(tokenizer, options);
  Reply reply;
  const auto take = [&](const ReplyDelta& delta) {
    EXPECT_TRUE(is_valid_utf8(delta.content));
    reply.content += delta.content;
    reply.reasoning += delta.reasoning;
    for (const ToolCallDelta& call : delta.tool_calls) {
      if (static_cast<size_t>(call.index) == reply.calls.size()) reply.calls.emplace_back(call.name, "");
      EXPECT_EQ(static_cast<size_t>(call.index), reply.calls.size() - 1);
      reply.calls.back().second += call.arguments;
    }
  };
  for (const TokenId id : tokenizer.encode_raw(spelled)) {
    if (parser.is_content(id)) reply.content_ids.push_back(id);
    ReplyDelta delta;
    parser.push(id, delta);
    take(delta);
  }
  ReplyDelta rest;
  parser.finish(rest);
  take(rest);
  reply.ended = parser.ended();
  EXPECT_EQ(static_cast<size_t>(parser.tool_call_count()), reply.calls.size());
  return reply;
}

using Calls = std::vector<std::pair<std::string, std::string>>;

TEST(ReplyParser, SplitsThinkingContentAndCalls) {
  const Reply reply = parse(
      "[THINK]Hm 日本🎉[/THINK]Sure.[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Zürich\"}[TOOL_CALLS] f "
      "[ARGS]{}</s>"
      "ignored");
  EXPECT_EQ(reply.reasoning, "Hm 日本🎉");
  EXPECT_EQ(reply.content, "Sure.");
  EXPECT_EQ(reply.calls, (Calls{{"get_weather", "{\"city\": \"Zürich\"}"}, {"f", "{}"}}));
  EXPECT_TRUE(reply.ended);
}

TEST(ReplyParser, TellsWhichTokensAreContent) {
  for (const char* spelled : {"[THINK]Hm[/THINK]Sure 日本🎉.[TOOL_CALLS]f[ARGS]{}</s>x", "a[/THINK]b[ARGS]c",
                              "a[TOOL_CALLS]f{\"b\": 1}</s>", "a[TOOL_CALLS] {\"b\": 1}</s>"}) {
    const Reply reply = parse(spelled);
    EXPECT_EQ(golden_tokenizer().decode(reply.content_ids), reply.content);
  }
  EXPECT_EQ(parse("more[/THINK]", {.inside_thinking = true}).content_ids.size(), 0u);
  EXPECT_EQ(parse("[THINK]a</s>", {.format = ReplyFormat::text}).content_ids.size(), 3u);
}

TEST(ReplyParser, GoesOnInsideThinking) {
  const Reply reply = parse("more[/THINK]done", {.inside_thinking = true});
  EXPECT_EQ(reply.reasoning, "more");
  EXPECT_EQ(reply.content, "done");
  EXPECT_FALSE(reply.ended);
}

TEST(ReplyParser, DropsMarkersOutOfPlace) {
  const Reply reply = parse("a[/THINK]b[ARGS]c[INST]d[IMG]e");
  EXPECT_EQ(reply.content, "abcde");
  EXPECT_TRUE(reply.calls.empty());
}

TEST(ReplyParser, ClosesACallWithoutArguments) {
  for (const char* spelled : {"[TOOL_CALLS]f</s>", "[TOOL_CALLS]f[ARGS]</s>", "[TOOL_CALLS]f[THINK]Hm</s>"})
    EXPECT_EQ(parse(spelled).calls, (Calls{{"f", "{}"}})) << spelled;
  EXPECT_EQ(parse("[TOOL_CALLS]f[CALL_ID]abcdefghi</s>", {}, TokenizerVersion::v11).calls, (Calls{{"f", "{}"}}));
  EXPECT_EQ(parse("[TOOL_CALLS]f[TOOL_CALLS]g[ARGS]{").calls, (Calls{{"f", "{}"}, {"g", "{"}}));
}

TEST(ReplyParser, InventsNoArgumentsForACallThatWasCutOff) {
  for (const char* spelled : {"[TOOL_CALLS]f", "[TOOL_CALLS]f[ARGS]", "[TOOL_CALLS]f[CALL_ID]abc"})
    EXPECT_EQ(parse(spelled, {}, TokenizerVersion::v11).calls, (Calls{{"f", ""}})) << spelled;
}

TEST(ReplyParser, FindsArgumentsWithoutTheirMarker) {
  const std::string city = R"({"city": "Paris", "in": {"unit": "C"}})";
  EXPECT_EQ(parse("[TOOL_CALLS]get_weather" + city + "</s>").calls, (Calls{{"get_weather", city}}));
  EXPECT_EQ(parse("[TOOL_CALLS]get_weather " + city + "[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]g{}</s>").calls,
            (Calls{{"get_weather", city}, {"f", "{}"}, {"g", "{}"}}));
  EXPECT_EQ(parse("[TOOL_CALLS]f{\"a\": ").calls, (Calls{{"f", "{\"a\": "}})) << "cut off";
  EXPECT_EQ(parse("[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{}</s>", {}, TokenizerVersion::v11).calls,
            (Calls{{"f", "{}"}}));
  const Reply nameless = parse("a[TOOL_CALLS]" + city + "</s>");
  EXPECT_EQ(nameless.content, "a" + city);
  EXPECT_TRUE(nameless.calls.empty());
}

TEST(ReplyParser, ShowsACallWithoutANameAsContent) {
  const Reply reply = parse("a[TOOL_CALLS] [ARGS]{\"b\": 1}[TOOL_CALLS]f[ARGS]{}</s>");
  EXPECT_EQ(reply.content, "a{\"b\": 1}");
  EXPECT_EQ(reply.calls, (Calls{{"f", "{}"}}));
  EXPECT_TRUE(parse("[TOOL_CALLS]</s>").calls.empty());
  const Reply with_id = parse("[TOOL_CALLS][CALL_ID]abcdefghi[ARGS]{}</s>", {}, TokenizerVersion::v11);
  EXPECT_EQ(with_id.content, "{}");
  EXPECT_TRUE(with_id.calls.empty());
  const std::string list = R"([{"name": " ", "arguments": {}}])";
  EXPECT_EQ(parse("[TOOL_CALLS]" + list + "</s>", {}, TokenizerVersion::v3).content, list);
}

TEST(ReplyParser, ReadsTheOlderForms) {
  EXPECT_EQ(parse("[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{}</s>", {}, TokenizerVersion::v11).calls,
            (Calls{{"f", "{}"}}));
  const std::string list = R"([{"name": "f", "arguments": {"a": 1}, "id": "abcdefghi"}, {"name": "g"}])";
  EXPECT_EQ(parse("[TOOL_CALLS]" + list + "</s>", {}, TokenizerVersion::v3).calls,
            (Calls{{"f", "{\"a\": 1}"}, {"g", "{}"}}));
  EXPECT_EQ(parse("[TOOL_CALLS]oops</s>", {}, TokenizerVersion::v7).content, "oops");
}

TEST(ReplyParser, TextFormatHasOnePart) {
  const std::string spelled = "[THINK]a[/THINK]b</s>c";
  EXPECT_EQ(parse(spelled, {.format = ReplyFormat::text}).content, "abc");
  EXPECT_EQ(parse(spelled, {.format = ReplyFormat::text, .keep_special = true}).content, spelled);
}

TEST(ReplyParser, HoldsHalfCharactersBack) {
  const auto& tokenizer = golden_tokenizer();
  ReplyParser parser(tokenizer);
  const TokenId byte_zero = tokenizer.encode(std::string(1, '\0')).front();
  ReplyDelta delta;
  parser.push(byte_zero + 0xF0, delta);
  parser.push(byte_zero + 0x9F, delta);
  EXPECT_TRUE(delta.empty());
  parser.push(tokenizer.eos_id(), delta);
  EXPECT_EQ(delta.content, "\uFFFD");
}

}  // namespace
}  // namespace sirocco
