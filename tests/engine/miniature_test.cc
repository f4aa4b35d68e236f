// SPDX-License-Identifier: Apache-2.0
// A golden conversation per skill of the bundled miniature, in exact mode: the greedy ids that transformers gives
// on the stored weights, and the answer they spell. tests/golden/mini is replaced together with the weights.
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "base/json.h"
#include "engine_fixture.h"
#include "text/prompt.h"

namespace sirocco {
namespace {

const std::string kRoot = SIROCCO_SOURCE_DIR;

std::vector<Json> conversations() {
  const auto text = read_file(kRoot + "/tests/golden/mini/conversations.jsonl", 16 << 20);
  EXPECT_TRUE(text) << text.error().message;
  std::vector<Json> lines;
  if (!text) return lines;
  for (size_t at = 0, end; at < text->size(); at = end + 1) {
    end = std::min(text->find('\n', at), text->size());
    auto line = parse_json(std::string_view(*text).substr(at, end - at), "conversations.jsonl");
    EXPECT_TRUE(line) << line.error().message;
    if (line) lines.push_back(std::move(*line));
  }
  return lines;
}

std::unique_ptr<Engine> open_exactly() {
  EngineOptions options;
  options.model_path = kRoot + "/models/mini";
  options.exact = true;
  options.context_tokens = 4096;
  auto engine = Engine::open(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? std::move(*engine) : nullptr;
}

void expect_answer(const Json& golden, const Answer& got, int32_t end) {
  auto ids = golden["ids"].get<std::vector<int32_t>>();
  ids.push_back(end);  // the golden leaves it out
  EXPECT_EQ(got.tokens, ids);
  const Json& answer = golden["answer"];
  EXPECT_EQ(got.content, answer.value("content", ""));
  EXPECT_EQ(got.reasoning, answer.value("think", ""));
  const Json calls = answer.value("tool_calls", Json::array());
  ASSERT_EQ(got.calls.size(), calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(got.calls[i].name, calls[i]["name"].get<std::string>());
    EXPECT_EQ(got.calls[i].arguments, calls[i]["arguments"].get<std::string>());
  }
}

// The suffix is encoded as if behind a smiley, so that its first word does not depend on the marker.
TEST(Miniature, MakesInfillPromptsAsTokenizeDoes) {
  const auto engine = open_exactly();
  ASSERT_TRUE(engine);
  const auto tokenizer = Tokenizer::open(kRoot + "/models/mini");
  ASSERT_TRUE(tokenizer);
  for (const char* suffix : {"", " end", ".", "\n\nend", "(x)"}) {
    const auto expected = build_fim_prompt(*tokenizer, "int a =", suffix);
    const auto got = engine->infill_prompt("int a =", suffix);
    ASSERT_TRUE(expected && got) << suffix;
    EXPECT_EQ(*got, expected->ids) << suffix;
  }
}

TEST(Miniature, SaysWhatTransformersSay) {
  const auto engine = open_exactly();
  ASSERT_TRUE(engine);
  std::set<std::string> skills;
  for (const Json& golden : conversations()) {
    const std::string skill = golden["skill"];
    SCOPED_TRACE(skill);
    skills.insert(skill);
    auto request = engine->chat_request(golden["request"].dump());
    ASSERT_TRUE(request) << request.error().message;
    auto stream = engine->submit(std::move(*request));
    ASSERT_TRUE(stream) << stream.error().message;
    expect_answer(golden, read_all(*stream)[0], engine->info().end_token);
  }
  EXPECT_GE(skills.size(), 5u) << "the miniature lost its skills";
}

}  // namespace
}  // namespace sirocco
