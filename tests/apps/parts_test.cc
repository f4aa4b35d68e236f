// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "answer.h"
#include "conversation.h"
#include "npy_file.h"
#include "progress_line.h"
#include "suggest.h"

namespace sirocco {
namespace {

TEST(Suggest, FindsSlipsAndNothingElse) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("rnu", "run"), 1u);  // a swap is one slip
  const std::vector<std::string> flags = {"--temperature", "--top-p", "--top-k", "--max-tokens"};
  EXPECT_EQ(nearest_word("--temprature", flags), "--temperature");
  EXPECT_EQ(nearest_word("--max_tokens", flags), "--max-tokens");
  EXPECT_EQ(nearest_word("--temp", flags), "--temperature");
  EXPECT_EQ(nearest_word("--verbose", flags), "");
}

TEST(Answer, GathersDeltasIntoWholeCalls) {
  Answer answer;
  answer.add({.tokens = {1, 2},
              .content = "a",
              .reasoning = "r",
              .tool_calls = {{0, "f", "{"}},
              .logprobs = {},
              .prompt_logprobs = {}});
  answer.add({.tokens = {3},
              .content = "b",
              .reasoning = "",
              .tool_calls = {{0, "", "}"}, {1, "g", "{}"}},
              .logprobs = {},
              .prompt_logprobs = {}});
  const auto json = answer_json(answer);
  EXPECT_EQ(json["text"], "ab");
  EXPECT_EQ(json["reasoning"], "r");
  EXPECT_EQ(json["tokens"].size(), 3u);
  ASSERT_EQ(json["tool_calls"].size(), 2u);
  EXPECT_EQ(json["tool_calls"][0]["function"]["arguments"], "{}");
  EXPECT_EQ(json["tool_calls"][1]["function"]["name"], "g");
}

TEST(Footer, CountsTimesAndBytes) {
  Finish finish;
  finish.usage.cached_tokens = 4;
  finish.timings = {.prompt_ms = 500,
                    .predicted_ms = 1000,
                    .prompt_tokens = 12,
                    .predicted_tokens = 31,
                    .prompt_bytes = 1'000'000'000,
                    .predicted_bytes = 2'000'000'000};
  finish.logits_hash = 0xABC;
  EXPECT_EQ(footer(finish),
            "12 prompt tokens at 24.0 tok/s (4 cached), 31 answer tokens at 30.0 tok/s, 2.00 GB/s, "
            "logits 0000000000000abc");
}

TEST(Progress, TellsRateAndTimeLeft) {
  EXPECT_EQ(progress_text("loading", 1'000'000'000, 4'000'000'000, 2.0), "loading 25 %, 0.50 GB/s, 6 s left");
  EXPECT_EQ(progress_text("writing", 0, 4'000'000'000, 0.0), "writing 0 %");
}

TEST(Conversation, SavesAndLoadsAndRefusesOthers) {
  const auto path =
      std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "conversation.json");
  Conversation talk;
  talk.system = "Be brief.";
  talk.effort = "high";
  talk.ask("Hi");
  Answer answer;
  answer.text = "Hello";
  answer.reasoning = "greet";
  talk.answer(answer);
  talk.ask("unanswered");
  talk.answer({});
  ASSERT_TRUE(talk.save(path));
  Conversation other;
  ASSERT_TRUE(other.load(path));
  EXPECT_EQ(other.request(), talk.request());
  EXPECT_EQ(other.turns(), 1u);
  std::ofstream(path) << "{\"messages\": [3]}";
  EXPECT_FALSE(other.load(path));
  EXPECT_EQ(other.turns(), 1u);  // a failed load changes nothing
  std::filesystem::remove(path);
  EXPECT_FALSE(other.load(path));
}

TEST(NpyFile, HasNumPysHeaderAndAppearsWhenComplete) {
  const auto path = std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + "x.npy");
  {
    auto writer = NpyWriter::create(path, 2, 3);
    ASSERT_TRUE(writer);
    EXPECT_FALSE(std::filesystem::exists(path));
    const float row[] = {1.0F, 2.0F, 3.0F};
    ASSERT_TRUE(writer->append(row));
    ASSERT_TRUE(writer->append(row));
    ASSERT_TRUE(writer->finish());
  }
  std::ifstream file(path, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_NE(bytes.find("'shape': (2, 3)"), std::string::npos);
  EXPECT_EQ(bytes.size() % 64, 24u);  // 6 floats behind an aligned header
  EXPECT_EQ(bytes[bytes.size() - 25], '\n');
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sirocco
