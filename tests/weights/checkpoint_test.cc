// SPDX-License-Identifier: Apache-2.0
// Which files a path means, and what is said when some are missing or disagree.
#include "weights/checkpoint.h"

#include <gtest/gtest.h>

#include "support/safetensors_writer.h"
#include "support/temporary_directory.h"
#include "support/tiny_gguf.h"
#include "weights/checkpoint_files.h"

namespace sirocco {
namespace {

std::string shard(const std::string& tensor, char fill = 'x') {
  return safetensors_file({{tensor, "U8", {3}, std::string(3, fill)}});
}

std::string refusal(const TemporaryDirectory& directory, const std::string& name = "",
                    WeightFiles weights = WeightFiles::required) {
  const auto checkpoint = Checkpoint::open(name.empty() ? directory.path() : directory.file(name), weights);
  if (checkpoint) return "accepted";
  std::string text = checkpoint.error().message;
  for (size_t at; (at = text.find(directory.path())) != std::string::npos;)
    text.replace(at, directory.path().size(), "DIR");
  return text;
}

TEST(ShardName, OnlyTheWholePattern) {
  const auto name = parse_shard_name("model-00002-of-00013.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->number, 2);
  EXPECT_EQ(name->file_name(13), "model-00013-of-00013.gguf");
  for (const char* other :
       {"model.gguf", "model-2-of-13.gguf", "model-00000-of-00013.gguf", "model-00014-of-00013.gguf",
        "-0000x-of-00002.gguf", "noext-00001-of-00002", "00001-of-00002.gguf"})
    EXPECT_FALSE(parse_shard_name(other)) << other;
}

TEST(Checkpoint, NativeIsPreferred) {
  TemporaryDirectory d;
  d.write("params.json", "{}");
  d.write("config.json", "{}");
  d.write("consolidated.safetensors", shard("native"));
  d.write("model.safetensors", shard("other"));
  d.write("m.gguf", tiny_gguf().bytes());
  const auto checkpoint = Checkpoint::open(d.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->layout(), Layout::native);
  EXPECT_NE(checkpoint->find("native"), nullptr);
  EXPECT_EQ(checkpoint->find("other"), nullptr);
  EXPECT_EQ(checkpoint->file_bytes(), shard("native").size());
}

TEST(Checkpoint, FallsBackToWhatIsComplete) {
  TemporaryDirectory d;
  d.write("params.json", "{}");
  d.write("config.json", "{}");
  d.write("model.safetensors", shard("a"));
  EXPECT_EQ(Checkpoint::open(d.path())->layout(), Layout::hugging_face);
}

// As when shards are moved away and their index stays.
TEST(Checkpoint, AnIndexWithoutShardsHidesNoOtherLayout) {
  TemporaryDirectory d;
  d.write("params.json", "{}");
  d.write("consolidated.safetensors.index.json", R"({"weight_map": {"a": "consolidated-1.safetensors"}})");
  d.write("config.json", "{}");
  const std::string missing =
      "DIR: shard consolidated-1.safetensors is missing (named in consolidated.safetensors.index.json)";
  EXPECT_EQ(refusal(d), missing) << "nothing is complete";
  EXPECT_EQ(refusal(d, "", WeightFiles::optional), missing);
  d.write("m.gguf", tiny_gguf().bytes());
  EXPECT_EQ(Checkpoint::open(d.path())->layout(), Layout::gguf);
  d.write("model.safetensors", shard("a"));
  EXPECT_EQ(Checkpoint::open(d.path())->layout(), Layout::hugging_face);
  d.write("model-00001-of-00002.safetensors", shard("b"));
  EXPECT_EQ(Checkpoint::open(d.path())->layout(), Layout::gguf);
  d.write("n.gguf", tiny_gguf().bytes());
  EXPECT_EQ(refusal(d), missing) << "the first layout's error";
}

TEST(Checkpoint, ShardsWithoutAnIndex) {
  TemporaryDirectory d;
  d.write("params.json", "{}");
  d.write("consolidated-00001-of-00002.safetensors", shard("a"));
  EXPECT_EQ(refusal(d),
            "DIR: shard consolidated-00002-of-00002.safetensors is missing "
            "('consolidated-00001-of-00002.safetensors' announces 2 shards)");
  d.write("consolidated-00002-of-00002.safetensors", shard("b"));
  auto checkpoint = Checkpoint::open(d.file("consolidated-00002-of-00002.safetensors"));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->tensors().size(), 2u);
  EXPECT_EQ(checkpoint->find("b")->file_index, 1);
  d.write("consolidated-00002-of-00002.safetensors", shard("a"));
  EXPECT_EQ(refusal(d),
            "DIR/consolidated-00002-of-00002.safetensors: tensor 'a' is also in "
            "DIR/consolidated-00001-of-00002.safetensors");
}

TEST(Checkpoint, AnIndexIsBelievedAndChecked) {
  TemporaryDirectory d;
  d.write("config.json", "{}");
  d.write("model-one.safetensors", shard("a"));
  d.write("model-two.safetensors", shard("b"));
  d.write("model-old.safetensors", shard("a"));  // not in the index: left alone
  const auto index = [&](const char* map) { d.write("model.safetensors.index.json", map); };
  index(R"({"weight_map": {"a": "model-one.safetensors", "b": "model-two.safetensors"}})");
  EXPECT_EQ(refusal(d), "accepted");
  const std::string at = "DIR/model.safetensors.index.json: ";
  index(R"({"weight_map": {"a": "model-two.safetensors", "b": "model-one.safetensors"}})");
  EXPECT_EQ(refusal(d), at + "tensor 'a' is in model-one.safetensors, expected in model-two.safetensors");
  index(R"({"weight_map": {"c": "model-two.safetensors"}})");
  EXPECT_EQ(refusal(d), at + "tensor 'c' is in no shard, expected in model-two.safetensors");
  index(R"({"weight_map": {"c": "model-three.safetensors"}})");
  EXPECT_EQ(refusal(d),
            "DIR: shard model-three.safetensors is missing (named in model.safetensors.index.json)");
  index(R"({"weight_map": {"c": "../model-two.safetensors"}})");
  EXPECT_EQ(refusal(d),
            at + "weight_map['c']: '../model-two.safetensors' is not the name of a file beside it");
  index(R"({"weight_map": {"c": 3}})");
  EXPECT_EQ(refusal(d), at + "weight_map['c'] is no file name");
  index(R"({"weight_map": 3})");
  EXPECT_EQ(refusal(d), at + "weight_map is missing or is no object");
  index("[]");
  EXPECT_EQ(refusal(d), at + "weight_map is missing or is no object");
}

TEST(Checkpoint, SaysWhatIsNotThere) {
  TemporaryDirectory d;
  EXPECT_EQ(refusal(d),
            "DIR: no model here: expected params.json with consolidated*.safetensors, config.json with "
            "model*.safetensors, or a .gguf file");
  EXPECT_EQ(refusal(d, "nothing"), "DIR/nothing: no such file or directory");
  d.write("model.safetensors", shard("a"));
  EXPECT_EQ(refusal(d), "DIR: has model*.safetensors, but no config.json");
  EXPECT_EQ(refusal(d, "model.safetensors"), "DIR: expected config.json beside model.safetensors");
  d.write("config.json", "{");
  EXPECT_TRUE(refusal(d).starts_with("DIR/config.json: invalid JSON"));
  d.write("notes.txt", "");
  EXPECT_EQ(refusal(d, "notes.txt"), "DIR/notes.txt: expected a directory, a .gguf or a .safetensors file");
}

TEST(Checkpoint, ConfigurationAloneWhenAskedFor) {
  TemporaryDirectory d;
  d.write("params.json", R"({"dim": 4})");
  EXPECT_EQ(refusal(d), "DIR: has params.json, but no consolidated*.safetensors");
  EXPECT_EQ(refusal(d, "", WeightFiles::optional), "accepted");
  d.write("any.json", R"({"dim": 4})");
  EXPECT_EQ(Checkpoint::open(d.file("any.json"), WeightFiles::optional)->layout(), Layout::native);
  d.write("any.json", R"({"model_type": "mistral4"})");
  EXPECT_EQ(Checkpoint::open(d.file("any.json"), WeightFiles::optional)->layout(), Layout::hugging_face);
}

std::string gguf_shard(uint32_t number, uint32_t count, size_t begin, size_t end) {
  TinyGguf gguf = tiny_gguf();
  gguf.set("split.no", number);
  gguf.set("split.count", count);
  gguf.set("split.tensors.count", static_cast<uint32_t>(gguf.tensors.size()));
  return gguf.bytes(begin, end);
}

TEST(Checkpoint, AnyShardOfASplitGgufLoadsAll) {
  TemporaryDirectory d;
  d.write("m-00001-of-00002.gguf", gguf_shard(0, 2, 0, 4));
  EXPECT_EQ(refusal(d),
            "DIR: shard m-00002-of-00002.gguf is missing ('m-00001-of-00002.gguf' announces 2 shards)");
  d.write("m-00002-of-00002.gguf", gguf_shard(1, 2, 4, SIZE_MAX));
  d.write("mmproj-m.gguf", tiny_gguf().bytes());
  EXPECT_EQ(refusal(d), "accepted");
  const auto checkpoint = Checkpoint::open(d.file("m-00002-of-00002.gguf"));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->tensors().size(), tiny_gguf().tensors.size());
  d.write("m-00002-of-00002.gguf", gguf_shard(0, 2, 4, SIZE_MAX));
  EXPECT_EQ(refusal(d), "DIR/m-00002-of-00002.gguf: split.no is 0, expected 1");
  d.write("m-00002-of-00002.gguf", gguf_shard(1, 3, 4, SIZE_MAX));
  EXPECT_EQ(refusal(d), "DIR/m-00002-of-00002.gguf: split.count is 3, but the file names announce 2 file(s)");
  d.write("m-00002-of-00002.gguf", gguf_shard(1, 2, 5, SIZE_MAX));
  EXPECT_EQ(refusal(d),
            "DIR/m-00001-of-00002.gguf: split.tensors.count is 35, but the 2 files hold 34 tensors");
  d.write("m-00002-of-00002.gguf", tiny_gguf().bytes(4));
  EXPECT_EQ(refusal(d), "DIR/m-00002-of-00002.gguf: split.count or split.no is missing, expected 2 and 1");
}

TEST(Checkpoint, SeveralGgufsAreAmbiguous) {
  TemporaryDirectory d;
  d.write("a.gguf", tiny_gguf().bytes());
  d.write("b.gguf", tiny_gguf().bytes());
  EXPECT_EQ(refusal(d), "DIR: holds several models (a.gguf and b.gguf): name one of them");
  EXPECT_EQ(refusal(d, "b.gguf"), "accepted");
}

}  // namespace
}  // namespace sirocco
