// SPDX-License-Identifier: Apache-2.0
// `sirocco run` and `sirocco logits` as scripts use them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "program.h"

namespace sirocco {
namespace {

const std::string kModel = SIROCCO_SOURCE_DIR "/models/mini";

class RunTest : public testing::Test {
 protected:
  std::string file(const char* name, const std::string& text) {
    const auto path = directory_ / name;
    std::ofstream(path) << text;
    return path.string();
  }
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("sirocco_run_" + std::to_string(::getpid()));
};

TEST_F(RunTest, JsonlAnswersEveryLineInOrder) {
  const std::string lines =
      file("requests.jsonl",
           R"({"messages": [{"role": "user", "content": "What are you?"}], "max_tokens": 4}
not JSON
{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "top_p": "x"}
)");
  const Outcome outcome = run("run " + kModel + " --temperature 0 --jsonl " + lines);
  EXPECT_EQ(outcome.exit_code, 1);  // two lines failed
  std::istringstream output(outcome.output);
  std::vector<nlohmann::json> results;
  for (std::string line; std::getline(output, line);) results.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0]["tokens"].size(), 4u);
  EXPECT_TRUE(results[1].contains("error"));
  EXPECT_EQ(results[2]["tokens"].size(), 2u);
  EXPECT_EQ(results[3]["error"], "top_p: expected a number");
}

// A flag beside a file means what the field in the file means, and leaves the rest as it is spelled.
TEST_F(RunTest, FlagsWinOverARequestAndKeepItsNumbers) {
  const std::string request = R"({"messages": [{"role": "user", "content": "Hi"}], "tools": [{"type":
    "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type":
    "number", "default": 1e2, "maximum": 123456789012345678901234567890}}}}}],
    "temperature": 0, "max_tokens": )";
  const auto hash = [&](const std::string& arguments) {
    const Outcome outcome = run("run " + kModel + " --json --request " + arguments);
    EXPECT_EQ(outcome.exit_code, 0);
    return nlohmann::json::parse(outcome.output)["logits_hash"];
  };
  EXPECT_EQ(hash(file("a.json", request + "2}")), hash(file("b.json", request + "9}\n") + " --max-tokens 2"));
}

TEST_F(RunTest, RefusesWhatIsNoNumberAndFlagsThatNothingReads) {
  EXPECT_EQ(run("run " + kModel + " --temperature nan Hi").exit_code, 2);
  EXPECT_EQ(run("run " + kModel + " --max-tokens -5 Hi").exit_code, 2);
  const std::string request = file("a.json", "{}");
  EXPECT_EQ(run("run " + kModel + " --system x --request " + request).exit_code, 2);
  EXPECT_EQ(run("run " + kModel + " --raw --request " + request).exit_code, 2);
  EXPECT_EQ(run("run " + kModel + " Hi --request " + request).exit_code, 2);
  EXPECT_EQ(run("run " + kModel + " Hi --jsonl " + request).exit_code, 2);
}

TEST_F(RunTest, AFormThatARequestDemandsIsKept) {
  const std::string schema = R"({"type": "object", "required": ["city"], "additionalProperties": false,
    "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}}})";
  const std::string request = R"({"messages": [{"role": "user", "content": "Hi"}], "temperature": 2, "seed": 1,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": )" + schema + "}}}";
  const Outcome outcome = run("run " + kModel + " --request " + file("form.json", request));
  if (run("run " + kModel + " --request " + file("form.json", request), Streams::both)
          .output.find("this build has no structured output") != std::string::npos)
    GTEST_SKIP() << "built without XGrammar";
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.output, nullptr, false);
  EXPECT_TRUE(json.is_object() && (json["city"] == "Oslo" || json["city"] == "Rome")) << outcome.output;
  const std::string choice = R"({"messages": [{"role": "user", "content": "Hi"}], "temperature": 0, "tool_choice":
    "required", "tools": [{"type": "function", "function": {"name": "wave", "parameters": {"type": "object"}}}]})";
  const Outcome called = run("run " + kModel + " --json --request " + file("choice.json", choice));
  EXPECT_EQ(nlohmann::json::parse(called.output)["tool_calls"][0]["function"]["name"], "wave") << called.output;
  const std::string bad = R"({"messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "xml"}})";
  const Outcome refused = run("run " + kModel + " --request " + file("bad.json", bad), Streams::both);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.output.find("bad.json: response_format: unknown type"), std::string::npos) << refused.output;
}

TEST_F(RunTest, FieldsWithoutEffectAreNamedAndSeveralChoicesRefused) {
  const std::string begin = R"({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, )";
  const std::string one = file("one.json", begin + R"("sparkle": 1, "model": "x", "stream": true, "logprobs": true})");
  const Outcome named = run("run " + kModel + " --request " + one, Streams::both);
  EXPECT_EQ(named.exit_code, 0);
  EXPECT_NE(named.output.find("one.json: ignored: sparkle, logprobs\n"), std::string::npos) << named.output;
  const std::string lines = file("x.jsonl", "\n" + begin + R"("n": 2})" + "\n" + begin + R"("sparkle": 1})" + "\n");
  const Outcome both = run("run " + kModel + " --jsonl " + lines, Streams::both);
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_NE(both.output.find(R"({"error":"n: 2, expected 1)"), std::string::npos) << both.output;
  EXPECT_NE(both.output.find("line 3: ignored: sparkle\n"), std::string::npos) << both.output;
}

TEST_F(RunTest, JsonHasEveryField) {
  const Outcome outcome = run("run " + kModel + " --temperature 0 --json --stop qqq 'What are you?'");
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.output);
  for (const char* field : {"text", "reasoning", "tool_calls", "tokens", "finish_reason", "usage", "timings"})
    EXPECT_TRUE(json.contains(field)) << field;
  EXPECT_EQ(json["finish_reason"], "stop");
  EXPECT_EQ(json["usage"]["completion_tokens"], json["tokens"].size());
  EXPECT_GT(json["timings"]["predicted_bytes"], 0);
}

TEST_F(RunTest, ARequestFileAndFlagsTogether) {
  const std::string request =
      file("request.json", R"({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9})");
  const Outcome outcome =
      run("run " + kModel + " --request " + request + " --max-tokens 3 --temperature 0 --json");
  EXPECT_EQ(nlohmann::json::parse(outcome.output)["tokens"].size(), 3u);  // flags go over fields
}

TEST_F(RunTest, RawPromptsMayHoldControlTokens) {
  const Outcome raw =
      run("run " + kModel + " --temperature 0 --json --raw '<s>[INST]What are you?[/INST]' --max-tokens 3");
  EXPECT_EQ(raw.exit_code, 0);
  const Outcome text = run("run " + kModel + " --temperature 0 --json '[INST]' --max-tokens 1");
  EXPECT_GT(nlohmann::json::parse(text.output)["usage"]["prompt_tokens"],
            nlohmann::json::parse(raw.output)["usage"]["prompt_tokens"]);  // spelled out, not one token
}

TEST_F(RunTest, LogitsAreAMatrixOfTokens) {
  const std::string ids = file("ids.json", "[1, 1000, 1001]"), out = (directory_ / "x.npy").string();
  EXPECT_EQ(run("logits " + kModel + " --exact --tokens " + ids + " --out " + out).exit_code, 0);
  EXPECT_EQ(std::filesystem::file_size(out) % 64, 3u * 3664 * 4 % 64);
  EXPECT_GT(std::filesystem::file_size(out), 3u * 3664 * 4);
  const std::string bad = file("bad.json", "[1, 99999999]");
  EXPECT_EQ(run("logits " + kModel + " --tokens " + bad + " --out " + out + ".none").exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(out + ".none"));
}

}  // namespace
}  // namespace sirocco
