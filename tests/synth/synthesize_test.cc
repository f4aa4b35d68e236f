// SPDX-License-Identifier: Apache-2.0
// Files come whole or not at all, and do not depend on the number of threads.
#include "synth/synthesize.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <span>

#include "base/file.h"
#include "weights/gguf_reader.h"

namespace sirocco::synth {
namespace {

namespace fs = std::filesystem;

class SynthesizeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("sirocco-synthesize-" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  static SynthOptions small(const std::string& layout, const std::string& type) {
    SynthOptions o;
    o.layout = layout;
    o.type = type;
    o.layers = 2;
    o.hidden = 64;
    o.heads = 3;
    o.q_rank = 32;
    o.kv_rank = 24;
    o.nope = o.rope = 8;
    o.v = 10;
    o.vocabulary = 100;
    o.experts = 4;
    o.experts_per_token = 2;
    o.expert_width = 48;
    o.dense_width = 80;
    return o;
  }
  std::string file(const std::string& path) { return *read_file(path, size_t{1} << 26); }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator{}));
  }

  fs::path directory_;
};

TEST_F(SynthesizeTest, ThreadsDoNotChangeBytes) {
  const SynthOptions o = small("native", "fp8");
  const auto one = synthesize(o, directory_ / "one", 1);
  const auto many = synthesize(o, directory_ / "many", 5);
  ASSERT_TRUE(one && many);
  EXPECT_EQ(file(one->paths[0]), file(many->paths[0]));
}

TEST_F(SynthesizeTest, SeedsChangeBytes) {
  SynthOptions o = small("gguf", "q4_0");
  const auto one = synthesize(o, directory_ / "one.gguf");
  o.seed = 2;
  const auto two = synthesize(o, directory_ / "two.gguf");
  ASSERT_TRUE(one && two);
  EXPECT_NE(file(one->paths[0]), file(two->paths[0]));
}

TEST_F(SynthesizeTest, ShardsAndIndexAreWritten) {
  SynthOptions o = small("hf", "bf16");
  o.shards = 3;
  const auto made = synthesize(o, directory_ / "hf");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->paths.size(), 5u);
  EXPECT_TRUE(made->paths[1].ends_with("model-00002-of-00003.safetensors"));
  EXPECT_TRUE(made->paths[3].ends_with("model.safetensors.index.json"));
  EXPECT_TRUE(made->paths[4].ends_with("config.json"));
}

TEST_F(SynthesizeTest, AGgufSaysThatItHasNoVocabulary) {
  const auto made = synthesize(small("gguf", "q4_0"), directory_ / "m.gguf");
  ASSERT_TRUE(made);
  const std::string bytes = file(made->model_path);
  const auto read = read_gguf(std::as_bytes(std::span(bytes)), "m.gguf");
  ASSERT_TRUE(read) << read.error().message;
  const std::string* vocabulary = read->metadata.text("tokenizer.ggml.model");
  ASSERT_NE(vocabulary, nullptr);
  EXPECT_EQ(*vocabulary, "none");
}

TEST_F(SynthesizeTest, AGgufsTowerIsAFileBesideIt) {
  SynthOptions o = small("gguf", "q8_0");
  o.vision = true;
  o.vision_type = "q4_k";
  o.vision_layers = 1;
  o.vision_hidden = 32;
  o.vision_heads = 2;
  o.vision_width = 48;
  const auto made = synthesize(o, directory_ / "m.gguf");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->model_path, (directory_ / "m.gguf").string());
  EXPECT_EQ(made->mmproj_path, (directory_ / "mmproj-m.gguf").string());
  EXPECT_EQ(entries(), 2u);
  EXPECT_TRUE(file(made->mmproj_path).starts_with("GGUF"));
  const auto text = synthesize(small("gguf", "q8_0"), directory_ / "text.gguf");
  ASSERT_TRUE(text);
  EXPECT_EQ(file(text->model_path), file(made->model_path)) << "the text model is the same";
  EXPECT_EQ(text->mmproj_path, "");
}

TEST_F(SynthesizeTest, AFailedWriteLeavesNothing) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small_files = before;
  small_files.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &small_files);
  const auto made = synthesize(small("gguf", "f32"), directory_ / "full.gguf");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::resource);
  EXPECT_EQ(entries(), 0u);
}

TEST_F(SynthesizeTest, RefusesWhatNoLayoutHolds) {
  const auto message = [&](auto change) {
    SynthOptions o = small("native", "bf16");
    change(o);
    const auto made = synthesize(o, directory_ / "x");
    return made ? std::string("made") : made.error().message;
  };
  EXPECT_NE(message([](SynthOptions& o) { o.rope = 7; }).find("rope"), std::string::npos);
  EXPECT_NE(message([](SynthOptions& o) { o.heads = 0; }).find("heads"), std::string::npos);
  EXPECT_NE(message([](SynthOptions& o) { o.type = "q4_k"; }).find("q4_k"), std::string::npos);
  EXPECT_NE(message([](SynthOptions& o) { o.vision = true, o.vision_heads = 3; }).find("vision_heads"),
            std::string::npos);
  EXPECT_NE(message([](SynthOptions& o) { o.experts_per_token = 5; }).find("eligible"), std::string::npos);
  for (const double number : {0.0, 0.5, -1.0, 1e7, double{NAN}, double{INFINITY}})
    EXPECT_NE(message([=](SynthOptions& o) { o.rope_factor = number; }).find("rope_factor"), std::string::npos)
        << number;
  for (const double number : {0.0, -1.0, 1e7, double{NAN}, double{INFINITY}})
    EXPECT_NE(message([=](SynthOptions& o) { o.routed_scale = number; }).find("routed_scale"), std::string::npos)
        << number;
  EXPECT_EQ(message([](SynthOptions& o) { o.rope_factor = 1e6; }),
            "rope_factor: 1000000 times 8192 positions is more than 2^31");
  EXPECT_EQ(entries(), 0u);
}

}  // namespace
}  // namespace sirocco::synth
