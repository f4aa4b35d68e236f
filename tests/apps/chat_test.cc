// SPDX-License-Identifier: Apache-2.0
// `sirocco chat` and `sirocco run` as a user meets them, on the bundled model.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "terminal.h"

namespace sirocco {
namespace {

const char* const kModel = SIROCCO_SOURCE_DIR "/models/mini";

std::string temporary_file(const char* name) {
  return (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + name)).string();
}

TEST(Chat, TalksSavesAndLeaves) {
  const std::string file = temporary_file("chat.json");
  Terminal t({SIROCCO_BINARY, "chat", kModel, "--temperature", "0"});
  ASSERT_TRUE(t.await("/help lists commands"));
  ASSERT_TRUE(t.await("> "));
  t.type("What are you?\r");
  ASSERT_TRUE(t.await("answer tokens"));  // the footer
  t.type("/save " + file + "\r");
  ASSERT_TRUE(t.await("1 turns written to"));
  t.type("/reset\r");
  ASSERT_TRUE(t.await("forgotten"));
  t.type("/load " + file + "\r");
  ASSERT_TRUE(t.await("1 turns read from"));
  t.type("/effort low\r");
  ASSERT_TRUE(t.await("expected none or high"));
  t.type("/nonsense\r");
  ASSERT_TRUE(t.await("is no command"));
  t.type("/exit\r");
  EXPECT_EQ(t.exit_code(), 0);
  std::filesystem::remove(file);
}

TEST(Chat, APasteOfManyLinesIsOneMessage) {
  const std::string file = temporary_file("paste.json");
  Terminal t({SIROCCO_BINARY, "chat", kModel, "--temperature", "0", "--max-tokens", "3"});
  ASSERT_TRUE(t.await("> "));
  t.type("\x1b[200~first line\rsecond line: Grüße, 日本 🎉\x1b[201~\r");
  ASSERT_TRUE(t.await("answer tokens"));
  t.type("one \\\r");
  t.type("two\r");
  ASSERT_TRUE(t.await("answer tokens"));
  t.type("/save " + file + "\r");
  ASSERT_TRUE(t.await("2 turns written to"));
  ASSERT_TRUE(t.await("> "));  // between prompts the terminal itself would eat the key
  t.type("\x04");
  EXPECT_EQ(t.exit_code(), 0);
  std::ifstream saved(file);
  const std::string text(std::istreambuf_iterator<char>(saved), {});
  EXPECT_NE(text.find("first line\\nsecond line: Grüße, 日本 🎉"), std::string::npos) << text;
  EXPECT_NE(text.find("one \\ntwo"), std::string::npos) << text;
  std::filesystem::remove(file);
}

// Whenever the key comes: before the request is made, before the first token, amid the answer, and again before
// the next prompt waits for a line.
TEST(Chat, ControlCStopsTheAnswerNotTheProgram) {
  Terminal t({SIROCCO_BINARY, "chat", kModel, "--temperature", "50", "--seed", "1"});  // babbles without end
  ASSERT_TRUE(t.await("> "));
  for (const int milliseconds : {0, 0, 0, 1, 3, 10, 30, 100}) {
    t.type("Tell me everything.\r");
    ASSERT_TRUE(t.await("\x1b[?2004l"));  // the prompt is over, the answer begins
    ::usleep(static_cast<useconds_t>(milliseconds) * 1000);
    t.type("\x03");
    ASSERT_TRUE(t.await("stopped; ")) << milliseconds;
    t.type("\x03");
    ASSERT_TRUE(t.await("Ctrl-D leaves")) << milliseconds;
    ASSERT_TRUE(t.await("> "));
  }
  t.type("/help\r");
  ASSERT_TRUE(t.await("this list"));
  t.type("/exit\r");
  EXPECT_EQ(t.exit_code(), 0);
}

TEST(Chat, ASessionGoesOnAfterTheProgramEnded) {
  const std::string file = temporary_file("session");
  {
    Terminal t({SIROCCO_BINARY, "chat", kModel, "--temperature", "0", "--session", file});
    ASSERT_TRUE(t.await("> "));
    t.type("My name is Ada.\r");
    ASSERT_TRUE(t.await("answer tokens"));
    t.type("/exit\r");
    EXPECT_EQ(t.exit_code(), 0);
  }
  Terminal t({SIROCCO_BINARY, "chat", kModel, "--temperature", "0", "--session", file});
  ASSERT_TRUE(t.await("1 turns, "));
  ASSERT_TRUE(t.await("tokens in the cache"));
  t.type("What is my name?\r");
  ASSERT_TRUE(t.await(" cached)"));
  t.type("/exit\r");
  EXPECT_EQ(t.exit_code(), 0);
  std::filesystem::remove(file);
  std::filesystem::remove(file + ".pages");
}

TEST(Run, AnswersAndEndsWithAFooter) {
  Terminal t({SIROCCO_BINARY, "run", kModel, "--temperature", "0", "--max-tokens", "8", "What are you?"});
  EXPECT_EQ(t.exit_code(), 0);
  EXPECT_NE(t.screen.find("8 answer tokens at "), std::string::npos) << t.screen;
  EXPECT_NE(t.screen.find("GB/s, logits "), std::string::npos) << t.screen;
}

TEST(Run, SaysWhatIsWrongInOneLine) {
  const auto failure = [](std::vector<std::string> words, int code) {
    words.insert(words.begin(), SIROCCO_BINARY);
    Terminal t(words);
    EXPECT_EQ(t.exit_code(), code) << t.screen;
    return t.screen;
  };
  EXPECT_NE(failure({"run", "/nowhere", "hi"}, 1).find("error: /nowhere"), std::string::npos);
  EXPECT_NE(failure({"run", kModel, "--temprature", "0", "hi"}, 2).find("did you mean --temperature?"),
            std::string::npos);
  EXPECT_NE(failure({"rnu"}, 2).find("did you mean run?"), std::string::npos);
  EXPECT_NE(failure({"run", kModel, "--context", "64", std::string(4000, 'x')}, 1).find("context"),
            std::string::npos);
  EXPECT_NE(failure({"verify", kModel}, 1).find("Mistral Small 4 119B"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
