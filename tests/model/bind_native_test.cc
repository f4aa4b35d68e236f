// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "model/bind.h"
#include "support/tiny_checkpoint.h"

namespace sirocco {
namespace {

struct Bound {
  TemporaryDirectory directory;
  Result<Checkpoint> checkpoint = bad_input("");
  Result<Config> config = bad_input("");
  Result<ModelWeights> weights = bad_input("");

  explicit Bound(const TinyCheckpoint& tiny) {
    tiny.write(directory, "params.json", "consolidated.safetensors");
    checkpoint = Checkpoint::open(directory.path());
    if (!checkpoint) return;
    config = read_config(*checkpoint);
    if (config) weights = bind_weights(*checkpoint, *config);
  }
  // The message without the directory's name.
  std::string message() const {
    std::string text = !checkpoint ? checkpoint.error().message
                       : !config   ? config.error().message
                       : !weights  ? weights.error().message
                                   : "";
    for (size_t at; (at = text.find(directory.path())) != std::string::npos;)
      text.replace(at, directory.path().size(), "DIR");
    return text;
  }
};

TestTensor scalar(const std::string& name, float value) {
  return {name, "F32", {}, f32_bytes({value})};
}

TEST(BindNative, PutsEveryTensorInItsPlace) {
  const TinyCheckpoint tiny = tiny_native();
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  const ModelWeights& w = *bound.weights;
  ASSERT_EQ(w.layers.size(), 2u);
  const LayerWeights& layer = w.layers[1];
  EXPECT_EQ(layer.latent.kv_b.rows, 3 * 24);
  EXPECT_EQ(layer.latent.kv_b.cols, 12);
  EXPECT_EQ(layer.latent.kv_b.row_stride_bytes, 24);
  ASSERT_EQ(layer.experts.size(), 5u);
  EXPECT_EQ(layer.experts[4].down.rows, 24);
  EXPECT_EQ(layer.experts[4].down.cols, 16);
  EXPECT_TRUE(layer.shared.up.present());
  EXPECT_FALSE(layer.dense.up.present());
  EXPECT_FALSE(w.vision.patch_conv.present());
  // The bytes are the named tensor's: every tensor of the file holds its own pattern.
  TinyCheckpoint copy = tiny;
  const std::string& expected = copy.tensor("layers.1.experts.4.w2.weight").bytes;
  EXPECT_EQ(std::memcmp(layer.experts[4].down.data, expected.data(), expected.size()), 0);
  EXPECT_EQ(
      std::memcmp(layer.experts[4].up.data, copy.tensor("layers.1.experts.4.w3.weight").bytes.data(), 8), 0);
}

TEST(BindNative, DenseFirstLayerAndVision) {
  const Bound bound(tiny_native(true, true));
  ASSERT_TRUE(bound.weights) << bound.message();
  const ModelWeights& w = *bound.weights;
  EXPECT_EQ(w.layers[0].dense.gate.rows, 40);
  EXPECT_TRUE(w.layers[0].experts.empty());
  EXPECT_EQ(w.layers[1].experts.size(), 5u);
  EXPECT_TRUE(w.vision.interleaved_rope);
  EXPECT_EQ(w.vision.patch_conv.cols, 12);
  EXPECT_EQ(w.vision.merger.cols, 64);
  EXPECT_EQ(w.vision.projector_in.rows, 24);
}

TEST(BindNative, VisionIsWholeOrAbsent) {
  TinyCheckpoint tiny = tiny_native(false, true);
  tiny.remove("vision_encoder.patch_conv.weight");
  EXPECT_EQ(Bound(tiny).message(),
            "DIR: tensor 'vision_encoder.patch_conv.weight' is missing, expected [16, 3, 2, 2]");
  std::erase_if(tiny.tensors, [](const TestTensor& t) { return t.name.starts_with("vision_"); });
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  EXPECT_FALSE(bound.weights->vision.patch_conv.present());
}

TEST(BindNative, GroupedAttentionOfTheAncestors) {
  const Bound bound(tiny_grouped_native());
  ASSERT_TRUE(bound.weights) << bound.message();
  EXPECT_EQ(bound.config->attention[0], AttentionKind::grouped);
  EXPECT_EQ(bound.config->feed_forward[1], FeedForwardKind::dense);
  EXPECT_EQ(bound.weights->layers[1].grouped.k.rows, 16);
  EXPECT_FALSE(bound.weights->layers[1].latent.q_b.present());
}

TEST(BindNative, TiedHeadIsTheEmbedding) {
  TinyCheckpoint tiny = tiny_native();
  tiny.remove("output.weight");
  EXPECT_EQ(Bound(tiny).message(), "DIR: tensor 'output.weight' is missing, expected [33, 24]");
  tiny.config["tied_embeddings"] = true;
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  EXPECT_EQ(bound.weights->head.data, bound.weights->embedding.data);
}

TEST(BindNative, Fp8ScalesOfEveryShapeAndType) {
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{}, {1}, {1, 1}}) {
    TinyCheckpoint tiny = tiny_native();
    TestTensor& wo = tiny.tensor("layers.0.attention.wo.weight");
    wo.dtype = "F8_E4M3";
    wo.bytes.resize(wo.bytes.size() / 2);
    tiny.tensors.push_back(
        {"layers.0.attention.wo.qscale_weight", "BF16", shape, std::string("\x00\x3f", 2)});
    tiny.tensors.push_back(scalar("layers.0.attention.wo.qscale_act", 0.25f));
    const Bound bound(tiny);
    ASSERT_TRUE(bound.weights) << bound.message();
    EXPECT_EQ(bound.weights->layers[0].latent.o.dtype, DType::f8_e4m3);
    EXPECT_EQ(bound.weights->layers[0].latent.o.scale, 0.5f);
  }
}

TEST(BindNative, RefusesBadScales) {
  const auto with_scales = [](std::vector<TestTensor> scales) {
    TinyCheckpoint tiny = tiny_native();
    TestTensor& wo = tiny.tensor("layers.0.attention.wo.weight");
    wo.dtype = "F8_E4M3";
    wo.bytes.resize(wo.bytes.size() / 2);
    for (TestTensor& t : scales) tiny.tensors.push_back(std::move(t));
    return Bound(tiny).message();
  };
  const std::string weight = "layers.0.attention.wo.qscale_weight";
  const std::string act = "layers.0.attention.wo.qscale_act";
  EXPECT_EQ(with_scales({}), "DIR: tensor '" + weight + "' is missing, expected one scale");
  const std::string at = "DIR/consolidated.safetensors: tensor '" + weight + "': ";
  EXPECT_EQ(with_scales({scalar(weight, NAN)}), at + "scale nan, expected a finite number above 0");
  EXPECT_EQ(with_scales({scalar(weight, -1.0f)}), at + "scale -1, expected a finite number above 0");
  EXPECT_EQ(with_scales({scalar(weight, INFINITY)}), at + "scale inf, expected a finite number above 0");
  EXPECT_EQ(with_scales({{weight, "F32", {2}, f32_bytes({1, 2})}}), at + "shape [2], expected one element");
  EXPECT_EQ(with_scales({{weight, "I8", {1}, "a"}}), at + "dtype i8, expected f32, f16 or bf16");
  EXPECT_EQ(with_scales({scalar(weight, 1.0f), {act, "F32", {2}, f32_bytes({1, 2})}}),
            "DIR/consolidated.safetensors: tensor '" + act + "': shape [2], expected one element");
}

// Calibration that fed an expert nothing leaves inf, nan or 0 there, and no product here reads them.
TEST(BindNative, ActivationScalesAreNotRead) {
  for (const float value : {INFINITY, NAN, 0.0f, -1.0f}) {
    TinyCheckpoint tiny = tiny_native();
    TestTensor& wo = tiny.tensor("layers.0.attention.wo.weight");
    wo.dtype = "F8_E4M3";
    wo.bytes.resize(wo.bytes.size() / 2);
    tiny.tensors.push_back(scalar("layers.0.attention.wo.qscale_weight", 0.5f));
    tiny.tensors.push_back(scalar("layers.0.attention.wo.qscale_act", value));
    const std::string expert = "layers.1.experts.2.w2";
    tiny.remove(expert + ".weight");
    tiny.tensors.push_back({expert + ".weight_packed", "U8", {24, 8}, std::string(24 * 8, '\x21')});
    tiny.tensors.push_back({expert + ".weight_scale", "F8_E4M3", {24, 1}, std::string(24, '\x38')});
    tiny.tensors.push_back(scalar(expert + ".weight_global_scale", 4.0f));
    tiny.tensors.push_back(scalar(expert + ".input_global_scale", value));
    const Bound bound(tiny);
    ASSERT_TRUE(bound.weights) << bound.message();
    EXPECT_EQ(bound.weights->layers[0].latent.o.scale, 0.5f);
    const auto unused = unused_tensors(*bound.checkpoint, *bound.config);
    ASSERT_TRUE(unused);
    EXPECT_TRUE(unused->empty()) << "they are known, not strangers";
  }
}

TEST(BindNative, Nvfp4WithItsTwoLevelsOfScales) {
  const std::string expert = "layers.1.experts.2.w2";
  TinyCheckpoint tiny = tiny_native();
  tiny.remove(expert + ".weight");
  tiny.tensors.push_back({expert + ".weight_packed", "U8", {24, 8}, std::string(24 * 8, '\x21')});
  tiny.tensors.push_back({expert + ".weight_scale", "F8_E4M3", {24, 1}, std::string(24, '\x38')});
  tiny.tensors.push_back({expert + ".weight_global_scale", "F32", {1}, f32_bytes({4.0f})});
  tiny.tensors.push_back({expert + ".input_global_scale", "BF16", {1}, std::string("\x80\x3f", 2)});
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  const WeightView& down = bound.weights->layers[1].experts[2].down;
  EXPECT_EQ(down.dtype, DType::nvfp4_packed);
  EXPECT_EQ(down.global_divisor, 4.0f);
  float row[16];
  decode_row(down, 23, row);
  EXPECT_EQ(row[0], 0.125f);  // code 1 = 0.5, × 1 / 4; the low nibble is the even column
  EXPECT_EQ(row[1], 0.25f);   // code 2 = 1

  TinyCheckpoint spoiled = tiny;
  spoiled.tensor(expert + ".weight_global_scale").bytes = f32_bytes({0.0f});
  EXPECT_EQ(Bound(spoiled).message(), "DIR/consolidated.safetensors: tensor '" + expert +
                                          ".weight_global_scale': scale 0, expected a finite number above 0");
  spoiled = tiny;
  spoiled.tensor(expert + ".weight_scale").dtype = "U8";
  EXPECT_EQ(Bound(spoiled).message(),
            "DIR/consolidated.safetensors: tensor '" + expert + ".weight_scale': dtype u8, expected f8_e4m3");
  spoiled = tiny;
  spoiled.remove(expert + ".weight_scale");
  EXPECT_EQ(Bound(spoiled).message(),
            "DIR: tensor '" + expert + ".weight_scale' is missing, expected [24, 1]");
}

TEST(BindNative, NamesWhatIsMissingOrWrong) {
  TinyCheckpoint tiny = tiny_native();
  tiny.remove("layers.1.experts.3.w1.weight");
  EXPECT_EQ(Bound(tiny).message(),
            "DIR: tensor 'layers.1.experts.3.w1.weight' is missing, expected [16, 24]");
  tiny = tiny_native();
  tiny.tensor("layers.0.gate.weight").shape = {24, 5};
  EXPECT_EQ(Bound(tiny).message(),
            "DIR/consolidated.safetensors: tensor 'layers.0.gate.weight': shape [24, 5], expected [5, 24]");
  tiny = tiny_native();
  tiny.tensor("layers.0.gate.weight").dtype = "I16";
  EXPECT_EQ(
      Bound(tiny).message(),
      "DIR/consolidated.safetensors: tensor 'layers.0.gate.weight': dtype i16, expected a type of weights");
  tiny = tiny_native();
  tiny.tensor("norm.weight").dtype = "I16";
  EXPECT_EQ(Bound(tiny).message(),
            "DIR/consolidated.safetensors: tensor 'norm.weight': dtype i16, expected f32, f16 or bf16");
}

TEST(BindNative, UnknownTensorsAreNoError) {
  TinyCheckpoint tiny = tiny_native();
  tiny.tensors.push_back({"draft.something", "I64", {0}, ""});
  const Bound bound(tiny);
  EXPECT_TRUE(bound.weights) << bound.message();
  EXPECT_NE(bound.checkpoint->find("draft.something"), nullptr);
}

}  // namespace
}  // namespace sirocco
