// SPDX-License-Identifier: Apache-2.0
// `sirocco perplexity` as scripts use it. That losses are right is tests/measure's business.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "program.h"
#include "support/temporary_directory.h"

namespace sirocco {
namespace {

const std::string kModel = SIROCCO_SOURCE_DIR "/models/mini";

Outcome perplexity(const std::string& arguments) {
  return run("perplexity " + arguments, Streams::both);
}

class PerplexityTest : public testing::Test {
 protected:
  std::string text() const {
    std::string words;
    for (int i = 0; i < 30; ++i) words += "Line " + std::to_string(i * 37 % 100) + " of a text.\n";
    return folder.write("text", words);
  }
  const TemporaryDirectory folder;
};

TEST_F(PerplexityTest, ARunIsCloseToItsOwnSavedLogitsAndToExactMode) {
  const std::string base = folder.file("base"), flags = kModel + " --json --text " + text();
  const Outcome first = perplexity(flags + " --exact --context 64 --stride 30 --save-logits " + base);
  ASSERT_EQ(first.exit_code, 0) << first.output;
  const auto one = nlohmann::json::parse(first.output);
  EXPECT_EQ(one["context"], 64);
  EXPECT_GT(one["perplexity"], 1.0);
  EXPECT_GT(one["perplexity_error"], 0.0);
  EXPECT_FALSE(one.contains("kl_mean"));

  const Outcome again = perplexity(flags + " --exact --kl-base " + base);
  ASSERT_EQ(again.exit_code, 0) << again.output;
  const auto two = nlohmann::json::parse(again.output);
  EXPECT_EQ(two["tokens"], one["tokens"]);
  EXPECT_EQ(two["stride"], 30);  // the base's
  EXPECT_EQ(two["perplexity"], one["perplexity"]);
  EXPECT_LT(two["kl_mean"], 1e-7);
  EXPECT_LT(two["kl_percentiles"]["100"], 1e-6);
  EXPECT_EQ(two["same_top"], 1.0);

  const Outcome fast = perplexity(flags + " --kl-base " + base);
  ASSERT_EQ(fast.exit_code, 0) << fast.output;
  const auto three = nlohmann::json::parse(fast.output);
  EXPECT_LT(three["kl_mean"], 0.1);
  EXPECT_GT(three["kl_mean"], two["kl_mean"]);
  EXPECT_GE(three["kl_percentiles"]["99"], three["kl_percentiles"]["50"]);
}

TEST_F(PerplexityTest, ErrorsNameTheFileAndWhatWasExpected) {
  const auto fails = [](const std::string& arguments, const std::string& message) {
    const Outcome outcome = perplexity(kModel + " " + arguments);
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_NE(outcome.output.find(message), std::string::npos) << outcome.output;
  };
  const std::string base = folder.file("base"), words = text();
  fails("--text " + folder.file("missing"), "missing");
  fails("--text " + folder.write("empty", ""), "no tokens, expected some text");
  fails("--text " + words + " --context 1", "--context");
  fails("--text " + words + " --context 8 --stride 8", "--stride 8: expected less than the context of 8");
  fails("--text " + words + " --context 1000000", "--context 1000000: expected at most the model's");
  fails("--text " + words + " --kl-base " + words, "not saved logits");
  ASSERT_EQ(perplexity(kModel + " --text " + words + " --context 32 --save-logits " + base).exit_code, 0);
  fails("--text " + words + " --context 16 --kl-base " + base, "made with --context 32 --stride 16");
  fails("--text " + folder.write("other", "Another text") + " --kl-base " + base, "tokens of another text");
  fails("--text " + words + " --save-logits /nowhere/logits", "/nowhere/logits");
}

}  // namespace
}  // namespace sirocco
