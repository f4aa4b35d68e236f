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
    tiny.write(directory, "config.json", "model.safetensors");
    checkpoint = Checkpoint::open(directory.path());
    if (checkpoint) config = read_config(*checkpoint);
    if (config) weights = bind_weights(*checkpoint, *config);
  }
  std::string message() const {
    const std::string text = !checkpoint ? checkpoint.error().message
                             : !config   ? config.error().message
                             : !weights  ? weights.error().message
                                         : "accepted";
    const size_t at = text.find(": tensor");
    return at == std::string::npos ? text : text.substr(at + 2);
  }
};

const std::string kPrefix = "model.language_model";
const std::string kExperts = kPrefix + ".layers.1.mlp.experts.";

TestTensor f32(const std::string& name, std::vector<int64_t> shape, const std::vector<float>& values) {
  return {name, "F32", std::move(shape), f32_bytes(values)};
}

// The experts of layer 1 in FP8, without their scales.
TinyCheckpoint with_fp8_experts() {
  TinyCheckpoint tiny = tiny_hugging_face(kPrefix, "lm_head");
  for (const char* name : {"gate_up_proj", "down_proj"}) {
    TestTensor& tensor = tiny.tensor(kExperts + name);
    tensor.dtype = "F8_E4M3";
    tensor.bytes.resize(tensor.bytes.size() / 2);
  }
  return tiny;
}

TEST(BindHuggingFace, EveryPrefixSpelling) {
  for (const auto& [prefix, head, with_model] : {std::tuple{"model.language_model", "lm_head", true},
                                                 {"language_model.model", "language_model.lm_head", false},
                                                 {"model", "lm_head", false}}) {
    const Bound bound(tiny_hugging_face(prefix, head, with_model));
    ASSERT_TRUE(bound.weights) << bound.message();
    EXPECT_TRUE(bound.weights->head.present());
    EXPECT_TRUE(bound.weights->vision.patch_conv.present());
    EXPECT_FALSE(bound.weights->vision.interleaved_rope);
    const auto unused = unused_tensors(*bound.checkpoint, *bound.config);
    ASSERT_TRUE(unused);
    EXPECT_TRUE(unused->empty());
  }
}

TEST(BindHuggingFace, FusedExpertsAreGateThenUp) {
  const Bound bound(tiny_hugging_face(kPrefix, "lm_head"));
  ASSERT_TRUE(bound.weights) << bound.message();
  const auto& experts = bound.weights->layers[1].experts;
  ASSERT_EQ(experts.size(), 5u);
  EXPECT_EQ(experts[3].gate.rows, 16);
  EXPECT_EQ(experts[3].up.data - experts[3].gate.data, 16 * 24 * 2);
  EXPECT_EQ(experts[3].gate.data - experts[0].gate.data, 3 * 32 * 24 * 2);
  EXPECT_EQ(experts[3].down.data - experts[0].down.data, 3 * 24 * 16 * 2);
}

TEST(BindHuggingFace, UnfusedExperts) {
  TinyCheckpoint tiny = tiny_hugging_face(kPrefix, "lm_head");
  tiny.remove(kExperts + "gate_up_proj");
  tiny.remove(kExperts + "down_proj");
  for (int e = 0; e < 5; ++e) {
    const std::string expert = kExperts + std::to_string(e);
    tiny.tensors.push_back({expert + ".gate_proj.weight", "BF16", {16, 24}, std::string(768, 'g')});
    tiny.tensors.push_back({expert + ".up_proj.weight", "BF16", {16, 24}, std::string(768, 'u')});
    tiny.tensors.push_back({expert + ".down_proj.weight", "BF16", {24, 16}, std::string(768, 'd')});
  }
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  EXPECT_EQ(bound.weights->layers[1].experts[4].up.data[0], std::byte{'u'});
}

TEST(BindHuggingFace, OneScaleAnExpert) {
  TinyCheckpoint tiny = with_fp8_experts();
  tiny.tensors.push_back(f32(kExperts + "gate_up_proj_scale_inv", {5, 1, 1}, {1, 2, 3, 4, 5}));
  tiny.tensors.push_back(f32(kExperts + "gate_up_proj_activation_scale", {5}, {1, 1, INFINITY, 0, NAN}));
  tiny.tensors.push_back(f32(kExperts + "down_proj_scale_inv", {1}, {0.5f}));
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights) << bound.message();
  const auto& experts = bound.weights->layers[1].experts;
  EXPECT_EQ(experts[3].gate.scale, 4.0f);
  EXPECT_EQ(experts[3].up.scale, 4.0f);
  EXPECT_EQ(experts[3].down.scale, 0.5f);
}

TEST(BindHuggingFace, RefusesBadExpertScales) {
  const std::string scale = kExperts + "gate_up_proj_scale_inv";
  const auto with = [&](std::vector<TestTensor> extra) {
    TinyCheckpoint tiny = with_fp8_experts();
    tiny.tensors.push_back(f32(kExperts + "down_proj_scale_inv", {5}, {1, 1, 1, 1, 1}));
    for (TestTensor& tensor : extra) tiny.tensors.push_back(std::move(tensor));
    return Bound(tiny).message();
  };
  EXPECT_EQ(with({}), "tensor '" + scale + "' is missing, expected 5 scales");
  EXPECT_EQ(with({f32(scale, {4}, {1, 1, 1, 1})}),
            "tensor '" + scale + "': shape [4], expected 5 scales or one");
  EXPECT_EQ(with({f32(scale, {5}, {1, 1, NAN, 1, 1})}),
            "tensor '" + scale + "': scale nan, expected a finite number above 0");
  const std::string act = kExperts + "gate_up_proj_activation_scale";
  EXPECT_EQ(with({f32(scale, {5}, {1, 1, 1, 1, 1}), f32(act, {4}, {1, 1, 1, 1})}),
            "tensor '" + act + "': shape [4], expected 5 scales or one");
}

TEST(BindHuggingFace, ProjectorBiasIsRefusedByName) {
  TinyCheckpoint tiny = tiny_hugging_face(kPrefix, "lm_head");
  tiny.tensors.push_back({"multi_modal_projector.linear_1.bias", "BF16", {24}, std::string(48, 'b')});
  EXPECT_EQ(Bound(tiny).message(),
            "multi_modal_projector.linear_1.bias: the projector has biases, expected none");
}

TEST(BindHuggingFace, WhatIsPassedOverIsKnown) {
  TinyCheckpoint tiny = tiny_hugging_face(kPrefix, "lm_head");
  tiny.tensors.push_back({"extra.weight", "BF16", {1}, "xx"});
  const Bound bound(tiny);
  ASSERT_TRUE(bound.weights);
  const auto unused = unused_tensors(*bound.checkpoint, *bound.config);
  ASSERT_EQ(unused->size(), 1u);
  EXPECT_EQ(unused->front()->name, "extra.weight");
}

}  // namespace
}  // namespace sirocco
