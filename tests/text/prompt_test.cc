// SPDX-License-Identifier: Apache-2.0
#include "text/prompt.h"

#include <gtest/gtest.h>

#include "golden_lines.h"

namespace sirocco {
namespace {

PythonJson json_of(std::string_view text) {
  auto json = parse_python_json(text, "test");
  EXPECT_TRUE(json) << text;
  return json ? std::move(*json) : PythonJson{};
}

Result<PromptTokens> lenient(std::string_view request) {
  return prompt_of_request(golden_tokenizer(), json_of(request), ChatRules::lenient);
}

std::string lenient_text(std::string_view request) {
  const auto prompt = lenient(request);
  if (!prompt) return "error: " + prompt.error().message;
  return golden_tokenizer().decode(prompt->ids, SpecialTokens::spell_out);
}

constexpr std::string_view kNoEffort = R"([MODEL_SETTINGS]{"reasoning_effort": "none"}[/MODEL_SETTINGS])";

class PromptOfVersion : public testing::TestWithParam<TokenizerVersion> {};

TEST_P(PromptOfVersion, EqualsTheReference) {
  Tokenizer tokenizer = golden_tokenizer();
  tokenizer.set_version(GetParam());
  int refused = 0;
  for (const PythonJson& line : golden_lines("chat_" + std::string(name_of(GetParam())) + ".jsonl")) {
    const PythonJson& request = *line.find("request");
    const PythonJson& sizes = *line.find("sizes");
    const auto prompt = prompt_of_request(
        tokenizer, request, ChatRules::strict, [&](std::string_view url) -> Result<PictureGrid> {
          const auto& size = sizes.find(url)->items;
          return picture_grid(*tokenizer.image(), *size[0].as_int64(), *size[1].as_int64());
        });
    const PythonJson& ids = *line.find("ids");
    if (prompt) {
      EXPECT_EQ(prompt->ids, ids_of(ids)) << dump_python_json(request);
    } else {
      EXPECT_TRUE(ids.is_null()) << prompt.error().message << ": " << dump_python_json(request);
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

INSTANTIATE_TEST_SUITE_P(Layouts, PromptOfVersion,
                         testing::Values(TokenizerVersion::v3, TokenizerVersion::v7, TokenizerVersion::v11,
                                         TokenizerVersion::v13, TokenizerVersion::v15),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST(Prompt, FillsInTheMiddle) {
  for (const PythonJson& line : golden_lines("fim.jsonl")) {
    const auto prompt =
        build_fim_prompt(golden_tokenizer(), line.find("prompt")->text, line.find("suffix")->text);
    ASSERT_TRUE(prompt);
    EXPECT_EQ(prompt->ids, ids_of(*line.find("ids")));
  }
}

TEST(Prompt, NotesWhereThePicturesAre) {
  const auto request = json_of(R"({"messages": [{"role": "user", "content": [
      {"type": "text", "text": "What?"}, {"type": "image_url", "image_url": "a"}]}]})");
  const auto prompt = prompt_of_request(golden_tokenizer(), request, ChatRules::strict, [](std::string_view) {
    return PictureGrid{3, 2};
  });
  ASSERT_TRUE(prompt);
  ASSERT_EQ(prompt->pictures.size(), 1u);
  const PictureSlot& slot = prompt->pictures[0];
  EXPECT_EQ(slot.tokens, 8);
  const std::span ids = std::span(prompt->ids).subspan(static_cast<size_t>(slot.first_token), 8);
  EXPECT_EQ(golden_tokenizer().decode(ids, SpecialTokens::spell_out),
            "[IMG][IMG][IMG][IMG_BREAK][IMG][IMG][IMG][IMG_END]");
}

TEST(Prompt, SizesPicturesAsTheReference) {
  const ImageTokenConfig config{14, 1540, 2};
  const auto grid = [&](int64_t w, int64_t h) {
    const PictureGrid g = picture_grid(config, w, h);
    return std::pair(g.columns, g.rows);
  };
  EXPECT_EQ(grid(28, 28), std::pair(1, 1));
  EXPECT_EQ(grid(29, 28), std::pair(2, 1));
  EXPECT_EQ(grid(1024, 768), std::pair(37, 28));
  EXPECT_EQ(grid(4000, 3000), std::pair(55, 42));
  EXPECT_EQ(grid(1'000'000, 1), std::pair(55, 1));
}

TEST(LenientPrompt, MapsEveryEffort) {
  for (const std::string effort : {"none", "minimal", "low", "medium", "high", "xhigh", "max", "whatever"}) {
    const bool is_high = effort != "none" && effort != "minimal" && effort != "whatever";
    EXPECT_EQ(lenient_text(R"({"messages": [{"role": "user", "content": "Hi"}], "reasoning_effort": ")" +
                           effort + "\"}"),
              std::string(R"(<s>[MODEL_SETTINGS]{"reasoning_effort": ")") + (is_high ? "high" : "none") +
                  "\"}[/MODEL_SETTINGS][INST]Hi[/INST]");
  }
}

TEST(LenientPrompt, RepairsCallsAndResults) {
  const std::string text = lenient_text(R"({"messages": [
      {"role": "user", "content": "Hi"},
      {"role": "assistant", "content": null, "tool_calls": [
        {"id": "", "function": {"name": "f", "arguments": {"a": 1}}},
        {"id": "x", "function": {"name": "g"}}]},
      {"role": "tool", "tool_call_id": "x", "content": "of g"},
      {"role": "tool", "content": "of f"},
      {"role": "assistant", "content": ""},
      {"role": "system", "content": "be brief"}]})");
  EXPECT_EQ(text, "<s>" + std::string(kNoEffort) +
                      "[INST]Hi[/INST][TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[ARGS]{}</s>"
                      "[TOOL_RESULTS]of f[/TOOL_RESULTS][TOOL_RESULTS]of g[/TOOL_RESULTS]"
                      "[SYSTEM_PROMPT]be brief[/SYSTEM_PROMPT]");
}

TEST(LenientPrompt, ContinuesALastAssistantMessage) {
  const auto prompt = lenient(R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant",
      "content": [{"type": "thinking", "thinking": "Well", "closed": false}]}]})");
  ASSERT_TRUE(prompt);
  EXPECT_TRUE(prompt->inside_thinking);
  EXPECT_EQ(golden_tokenizer().decode(prompt->ids, SpecialTokens::spell_out),
            "<s>" + std::string(kNoEffort) + "[INST]Hi[/INST][THINK]Well");
}

TEST(LenientPrompt, TextBehindAnOpenThoughtIsThought) {
  const auto inside = [](const std::string& chunks) {
    const auto prompt = lenient(R"({"messages": [{"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [)" + chunks + "]}]}");
    EXPECT_TRUE(prompt) << chunks;
    return prompt && prompt->inside_thinking;
  };
  const std::string open = R"({"type": "thinking", "thinking": "Well", "closed": false})";
  const std::string closed = R"({"type": "thinking", "thinking": "Well"})";
  const std::string text = R"({"type": "text", "text": "so"})";
  EXPECT_TRUE(inside(open));
  EXPECT_TRUE(inside(open + ", " + text));
  EXPECT_TRUE(inside(closed + ", " + open + ", " + text));
  EXPECT_FALSE(inside(open + ", " + text + ", " + closed));
  EXPECT_FALSE(inside(closed + ", " + text));
  EXPECT_FALSE(inside(text));
}

TEST(LenientPrompt, EmptyThoughtsAreNone) {
  const auto answered = [](const std::string& fields) {
    return lenient_text(R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", )" + fields +
                        R"(}, {"role": "user", "content": "And?"}]})");
  };
  const std::string plain = answered(R"("content": "Yes. ")");
  EXPECT_EQ(plain, "<s>" + std::string(kNoEffort) + "[INST]Hi[/INST]Yes.</s>[INST]And?[/INST]");
  EXPECT_EQ(answered(R"("content": "Yes. ", "reasoning_content": "")"), plain);
  EXPECT_EQ(answered(R"("content": "Yes. ", "reasoning": "", "reasoning_content": "")"), plain);
  EXPECT_EQ(answered(R"("content": [{"type": "thinking", "thinking": ""}, {"type": "text", "text": "Yes."}])"), plain);
  EXPECT_NE(answered(R"("content": "Yes.", "reasoning": "Hm", "reasoning_content": "")").find("[THINK]Hm[/THINK]Yes."),
            std::string::npos);
  EXPECT_EQ(answered(R"("content": null, "reasoning_content": "")").find("THINK"), std::string::npos);
  const auto open = lenient(R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant",
      "content": [{"type": "thinking", "thinking": "", "closed": false}]}]})");
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->inside_thinking) << "asks for a thought";
}

TEST(LenientPrompt, RefusalsAreText) {
  const std::string request = R"({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant",
      "content": [{"type": "refusal", "refusal": "I must not."}]}, {"role": "user", "content": "Why?"}]})";
  EXPECT_EQ(lenient_text(request),
            "<s>" + std::string(kNoEffort) + "[INST]Hi[/INST]I must not.</s>[INST]Why?[/INST]");
  EXPECT_FALSE(prompt_of_request(golden_tokenizer(), json_of(request), ChatRules::strict));
}

TEST(Prompt, RefusesAnUnknownEffortEvenWithoutAUserMessage) {
  const auto request =
      json_of(R"({"messages": [{"role": "system", "content": "x"}], "reasoning_effort": "low"})");
  const auto prompt = prompt_of_request(golden_tokenizer(), request, ChatRules::strict);
  ASSERT_FALSE(prompt);
  EXPECT_EQ(prompt.error().message, "reasoning_effort: expected one of none, high, got \"low\"");
}

TEST(Prompt, ErrorsNameTheField) {
  EXPECT_EQ(lenient_text("{}"), "error: messages: expected a list");
  EXPECT_EQ(lenient_text(R"({"messages": [{"role": "judge"}]})"),
            "error: messages[0].role: expected system, user, assistant or tool, got \"judge\"");
  EXPECT_EQ(lenient_text(R"({"messages": []})"),
            "error: messages: a conversation must have at least one message");
}

}  // namespace
}  // namespace sirocco
