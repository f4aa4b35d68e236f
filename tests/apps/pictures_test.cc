// SPDX-License-Identifier: Apache-2.0
// Picture files by way of the commands, on a synthetic checkpoint with a tower; and from file to logits
// against transformers fed with mistral-common's pixels (reference/picture_logits.py).
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "program.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

const std::string kPictures = SIROCCO_SOURCE_DIR "/tests/golden/picture/";
constexpr double kMostRelativeError = 1e-3;

class PicturesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::filesystem::temp_directory_path() / fmt::format("sirocco_pictures_{}", ::getpid());
    std::filesystem::create_directories(directory_);
    const std::string sizes =
        " --layers 1 --hidden 64 --heads 2 --q-rank 32 --kv-rank 32 --nope 16 --rope 16 --v 16 --experts 4"
        " --experts-per-token 2 --expert-width 32 --vocabulary 3664 --vision-layers 1 --vision-hidden 64"
        " --vision-heads 2 --vision-width 64 --tokenizer '" SIROCCO_SOURCE_DIR "/models/mini/tekken.json'";
    ASSERT_EQ(run("synth " + path("seeing") + sizes + " --vision").exit_code, 0);
    ASSERT_EQ(run("synth " + path("blind") + sizes).exit_code, 0);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(directory_); }

  static std::string path(const std::string& name) { return (directory_ / name).string(); }
  static std::string written(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  static Json answer(const std::string& arguments) {
    const Outcome outcome = run("run " + path("seeing") + " --json --temperature 0 --max-tokens 2 " + arguments);
    EXPECT_EQ(outcome.exit_code, 0);
    return Json::parse(outcome.output, nullptr, false);
  }

  static inline std::filesystem::path directory_;
};

TEST_F(PicturesTest, RunShowsThem) {
  const Json text = answer("'What is this?'");
  const Json one = answer("--image " + kPictures + "palette.png 'What is this?'");  // 23 × 19: 1 × 1 squares
  const Json other = answer("--image " + kPictures + "palette_clear.png 'What is this?'");
  const Json two =
      answer("--image " + kPictures + "palette.png --image " + kPictures + "rgb.png 'What is this?'");
  const int64_t tokens = text["usage"]["prompt_tokens"].get<int64_t>();
  EXPECT_EQ(one["usage"]["prompt_tokens"], tokens + 2);
  EXPECT_EQ(two["usage"]["prompt_tokens"], tokens + 2 + 8);
  EXPECT_NE(one["logits_hash"], other["logits_hash"]);
  const Json again = answer("--image " + kPictures + "palette.png 'What is this?'");
  EXPECT_EQ(one["logits_hash"], again["logits_hash"]);
}

TEST_F(PicturesTest, ARequestFileMayNamePaths) {
  const auto request = [&](const std::string& url) {
    return written("request.json", fmt::format(R"({{"messages": [{{"role": "user", "content": [
        {{"type": "image_url", "image_url": {{"url": "{}"}}}}, {{"type": "text", "text": "Hi"}}]}}]}})",
                                               url));
  };
  const Json by_path = answer("--request " + request(kPictures + "plain.jpg"));
  EXPECT_EQ(by_path["logits_hash"], answer("--image " + kPictures + "plain.jpg Hi")["logits_hash"]);
  const Json by_url = answer("--request " + request("file://" + kPictures + "plain.jpg"));
  EXPECT_EQ(by_path["logits_hash"], by_url["logits_hash"]);
}

TEST_F(PicturesTest, SayWhyTheyAreRefused) {
  const auto complaint = [&](const std::string& arguments) {
    const Outcome outcome = run("run " + arguments + " --max-tokens 2 Hi 2>&1 >/dev/null |cat; true");
    return outcome.output;
  };
  EXPECT_NE(complaint(path("blind") + " --image " + kPictures + "rgb.png").find("it takes text alone"),
            std::string::npos);
  EXPECT_NE(complaint(path("seeing") + " --image " + path("none.png")).find("none.png"), std::string::npos);
  const std::string text = written("text.png", "no picture");
  EXPECT_NE(complaint(path("seeing") + " --image " + text).find("begins with 'no pictu'"), std::string::npos);
  EXPECT_NE(complaint(path("seeing") + " --image https://example.org/a.png").find("expected a file"),
            std::string::npos);
}

TEST_F(PicturesTest, ChatShowsThemWithTheNextMessage) {
  const std::string said =
      written("said.txt", "/image " + kPictures + "rgb.png\nWhat is this?\nAnd now?\n/exit\n");
  const Outcome outcome = run("chat " + path("seeing") + " --max-tokens 2 --temperature 0 --session " +
                              path("talk.json") + " < " + said);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.output.find("8 picture tokens"), std::string::npos) << outcome.output;
  const Outcome missing = run("chat " + path("seeing") + " < " + written("said.txt", "/image nowhere.png\n"));
  EXPECT_EQ(missing.exit_code, 1);
}

TEST_F(PicturesTest, TokenizeCountsTheirPlaceholders) {
  const auto line = [&](const std::string& url) {
    return fmt::format(R"({{"request": {{"messages": [{{"role": "user", "content": [
        {{"type": "image_url", "image_url": "{}"}}]}}]}}}})",
                       url);
  };
  std::string one_line = line(kPictures + "quarter.jpg");  // 83 × 59: 3 × 3 squares
  std::erase(one_line, '\n');
  const Outcome outcome =
      run("tokenize " SIROCCO_SOURCE_DIR "/models/mini --jsonl " + written("lines.jsonl", one_line + "\n"));
  const Json json = Json::parse(outcome.output, nullptr, false);
  ASSERT_TRUE(json.contains("ids")) << outcome.output;
  const auto ids = json["ids"].get<std::vector<int>>();
  const auto count = [&](int id) { return std::count(ids.begin(), ids.end(), id); };
  EXPECT_EQ(count(10), 9);
  EXPECT_EQ(count(12), 2);
  EXPECT_EQ(count(13), 1);
}

TEST_F(PicturesTest, LogitsAreThoseOfTransformersOnTheReferencesPixels) {
  const auto text = read_file(kPictures + "logits.json", 1 << 20);
  ASSERT_TRUE(text) << text.error().message;
  const Json golden = Json::parse(*text);
  const auto options = synth::options_from_json(golden["options"]);
  ASSERT_TRUE(options) << options.error().message;
  const auto made = synth::synthesize(*options, path("golden"));
  ASSERT_TRUE(made) << made.error().message;
  std::string images;
  for (const Json& file : golden["files"]) images += " --image " + kPictures + file.get<std::string>();
  const auto columns = static_cast<size_t>(options->vocabulary);
  const std::string tokens = written("tokens.json", golden["tokens"].dump());
  const auto computed = [&](const std::string& flags) {
    const Outcome outcome =
        run("logits " + made->model_path + flags + " --tokens " + tokens + images + " --out " + path("x.npy"));
    EXPECT_EQ(outcome.exit_code, 0);
    const auto npy = read_file(path("x.npy"), 1 << 24);
    std::vector<float> values(golden["tokens"].size() * columns);
    const size_t begin = npy ? 10 + static_cast<unsigned char>((*npy)[8]) : 0;
    EXPECT_TRUE(npy && npy->size() == begin + values.size() * sizeof(float));
    if (npy && npy->size() == begin + values.size() * sizeof(float))
      std::memcpy(values.data(), npy->data() + begin, values.size() * sizeof(float));
    return values;
  };
  const std::vector<float> exact = computed(" --exact");
  double worst = 0.0;
  const Json& logits = golden["logits"];
  for (size_t r = 0; r < logits["rows"].size(); ++r)
    for (size_t c = 0; c < logits["columns"].size(); ++c) {
      const size_t at = logits["rows"][r].get<size_t>() * columns + logits["columns"][c].get<size_t>();
      const double difference = std::abs(exact[at] - logits["values"][r][c].get<double>());
      worst = std::max(worst, difference / logits["max_abs"].get<double>());
    }
  EXPECT_LE(worst, kMostRelativeError);
  RecordProperty("worst_relative_error", fmt::format("{:.1e}", worst));
  // The kernels of this machine: near the exact ones, but where a narrow choice of experts tips over.
  const std::vector<float> quick = computed("");
  std::vector<double> errors;
  for (size_t row = 0; row < golden["tokens"].size(); ++row) {
    double most = 0.0;
    for (size_t c = 0; c < columns; ++c)
      most = std::max<double>(most, std::abs(quick[row * columns + c] - exact[row * columns + c]));
    errors.push_back(most / logits["max_abs"].get<double>());
  }
  std::ranges::sort(errors);
  EXPECT_LE(errors[errors.size() / 2], 0.02);

  const Outcome missing = run("logits " + made->model_path + " --tokens " + tokens + " --image " +
                              kPictures + "rgb.png --out " + path("none.npy"));
  EXPECT_EQ(missing.exit_code, 1);  // fewer squares than image tokens
}

}  // namespace
}  // namespace sirocco
