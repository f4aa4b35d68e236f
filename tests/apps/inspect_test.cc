// SPDX-License-Identifier: Apache-2.0
// inspect and compare as a user runs them: the figures that scripts read, and refusals with exit code 1.
#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "base/json.h"
#include "program.h"
#include "support/tiny_checkpoint.h"
#include "support/tiny_gguf.h"

namespace sirocco {
namespace {

Json json_of(const std::string& arguments) {
  const Outcome outcome = run(arguments, Streams::both);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  auto json = parse_json(outcome.output, "output");
  EXPECT_TRUE(json) << outcome.output;
  return json ? *json : Json();
}

TEST(Inspect, PublishedConfigurationAlone) {
  const std::string document = SIROCCO_SOURCE_DIR "/data/configs/mistral-small-4.json";
  TemporaryDirectory directory;
  auto text = read_file(document, 1 << 16);
  ASSERT_TRUE(text);
  directory.write("params.json", parse_json(*text, document).value()["params"].dump());
  for (const std::string& model :
       {directory.path(), directory.file("params.json"), std::string("mistral-small-4")}) {
    const Json json = json_of("inspect " + model + " --json");
    EXPECT_EQ(json["architecture"], "mistral4");
    EXPECT_EQ(json["layers"], 36);
    EXPECT_EQ(json["hidden_size"], 4096);
    EXPECT_EQ(json["attention"], "latent");
    EXPECT_EQ(json["experts"], 128);
    EXPECT_EQ(json["experts_per_token"], 4);
    EXPECT_EQ(json["vocabulary"], 131072);
    EXPECT_EQ(json["parameters_total"], 119'401'298'944);
    EXPECT_EQ(json["parameters_text"], 118'972'826'624);
    EXPECT_EQ(json["parameters_active"], 6'632'588'288);
    EXPECT_EQ(json["kv_bytes_per_token"], 23'040);
    EXPECT_EQ(json["max_position_embeddings"], 1'048'576);
    EXPECT_EQ(json["max_context"], 262'144);
    EXPECT_EQ(json["dtype"], "fp8");
    EXPECT_EQ(json["file_bytes"], 0);
  }
}

TEST(Inspect, FilesAndTheirTensors) {
  TemporaryDirectory directory;
  TinyCheckpoint tiny = tiny_native();
  tiny.tensors.push_back({"draft.weight", "BF16", {1}, "xx"});
  tiny.write(directory, "params.json", "consolidated.safetensors");
  Json json = json_of("inspect " + directory.path() + " --json --tensors");
  EXPECT_EQ(json["dtype"], "bf16");
  EXPECT_EQ(json["file_bytes"], safetensors_file(tiny.tensors).size());
  EXPECT_EQ(json["unused_tensors"], 1);
  EXPECT_TRUE(json["problem"].is_null());
  ASSERT_EQ(json["tensors"].size(), tiny.tensors.size());
  EXPECT_EQ(json["tensors"].back()["used"], false);
  EXPECT_NE(run("inspect " + directory.path() + " --tensors", Streams::both).output.find("draft.weight  (not used)"),
            std::string::npos);
  tiny.remove("norm.weight");
  tiny.write(directory, "params.json", "consolidated.safetensors");
  json = json_of("inspect " + directory.path() + " --json");
  EXPECT_EQ(json["problem"], directory.path() + ": tensor 'norm.weight' is missing, expected [24]");
}

TEST(Inspect, GgufWithoutVocabulary) {
  TemporaryDirectory directory;
  const Json json = json_of("inspect " + directory.write("m.gguf", tiny_gguf().bytes()) + " --json");
  EXPECT_EQ(json["layout"], "gguf");
  EXPECT_EQ(json["vocabulary"], 33);
  EXPECT_EQ(json["max_context"], 4096);
}

TEST(Inspect, VisionFileAloneAndBesideItsModel) {
  TemporaryDirectory directory;
  const std::string model = directory.write("m.gguf", tiny_gguf().bytes());
  EXPECT_EQ(json_of("inspect " + model + " --json")["vision"], false);
  const std::string vision = directory.write("mmproj-m.gguf", tiny_mmproj().bytes());
  EXPECT_EQ(json_of("inspect " + model + " --json")["vision"], true);
  EXPECT_EQ(json_of("inspect " + model + " --json")["vision_file"], vision);
  TinyGguf other = tiny_mmproj();
  other.set("clip.projector_type", "gemma3");
  const std::string passed_over = directory.write("m-mmproj-a.gguf", other.bytes());
  const Json beside = json_of("inspect " + model + " --json");
  EXPECT_EQ(beside["vision_file"], vision);
  EXPECT_EQ(beside["passed_over"], Json::array({passed_over + ": clip.projector_type is 'gemma3', expected pixtral"}));
  const Json json = json_of("inspect " + vision + " --json --tensors");
  EXPECT_EQ(json["projector"], "pixtral");
  EXPECT_EQ(json["text_hidden_size"], json_of("inspect " + model + " --json")["hidden_size"]);
  EXPECT_EQ(json["tensors"].size(), json["tensor_count"]);
  EXPECT_GT(json["parameters_vision"], 0);

  TinyGguf broken = tiny_mmproj();
  broken.remove("mm.1.weight");
  const Outcome outcome = run("inspect " + directory.write("mmproj-m.gguf", broken.bytes()), Streams::both);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.output.find(" is missing"), std::string::npos) << outcome.output;
}

TEST(Inspect, DraftHeadIsNamed) {
  TemporaryDirectory directory;
  TinyCheckpoint tiny = tiny_native();
  tiny.tensors.push_back({"eagle_linear.weight", "BF16", {1}, "xx"});
  tiny.write(directory, "params.json", "consolidated.safetensors");
  const Json json = json_of("inspect " + directory.path() + " --json");
  EXPECT_TRUE(json["problem"].get<std::string>().starts_with("an EAGLE draft head")) << json["problem"];
}

TEST(Inspect, TheMiniaturesDraftHead) {
  const Json json = json_of("inspect " SIROCCO_SOURCE_DIR "/models/mini-eagle --json");
  const Json target = json_of("inspect " SIROCCO_SOURCE_DIR "/models/mini --json");
  EXPECT_TRUE(json["problem"].get<std::string>().starts_with("an EAGLE draft head")) << json["problem"];
  EXPECT_EQ(json["layers"], 2);
  for (const char* shared : {"hidden_size", "vocabulary", "attention"})
    EXPECT_EQ(json[shared], target[shared]) << shared;
}

TEST(Inspect, RefusalsAreOneLine) {
  TemporaryDirectory directory;
  const std::string path = directory.write("params.json", R"({"dim": 0})");
  Outcome outcome = run("inspect " + path, Streams::both);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.output.starts_with("error: " + path + ": n_layers: is missing")) << outcome.output;
  EXPECT_EQ(outcome.output.find('\n'), outcome.output.size() - 1);
  outcome = run("compare mistral-small-4 mistral-small-9", Streams::both);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(
      outcome.output.starts_with("error: mistral-small-9: no such file or directory, and no known model"))
      << outcome.output;
}

TEST(Compare, RatiosAreDerived) {
  const Json json =
      json_of("compare mistral-small-4 mistral-small-3.1 mistral-small-3 --json --context 262144");
  ASSERT_EQ(json["models"].size(), 3u);
  ASSERT_EQ(json["ratios"].size(), 2u);
  EXPECT_EQ(json["models"][0]["kv_bytes_at_context"], int64_t{5760} << 20);
  const Json& against = json["ratios"][0];
  EXPECT_EQ(against["against"], "mistral-small-3.1");
  EXPECT_EQ(against["kv_bytes_per_token"]["from"], 163'840);
  EXPECT_EQ(against["kv_bytes_per_token"]["to"], 23'040);
  EXPECT_NEAR(against["kv_bytes_per_token"]["ratio"].get<double>(), 1 / 7.11, 1e-3);
  EXPECT_NEAR(against["operations_per_token"]["ratio"].get<double>(), 0.266, 1e-3);
  EXPECT_EQ(against["max_context"]["ratio"], 2.0);
  EXPECT_NEAR(against["parameters_total"]["ratio"].get<double>(), 4.97, 1e-2);
}

TEST(Compare, TableNamesEveryModel) {
  const Outcome outcome =
      run("compare mistral-small-4 mistral-small-3.1 mistral-small-3 mistral-nemo-12b mistral-7b "
          "mistral-large-3",
          Streams::both);
  EXPECT_EQ(outcome.exit_code, 0);
  for (const char* text :
       {"mistral-large-3", "163,840", "23,040", "7.11× less", "mistral-small-4 against mistral-7b"})
    EXPECT_NE(outcome.output.find(text), std::string::npos) << text << "\n" << outcome.output;
}

}  // namespace
}  // namespace sirocco
