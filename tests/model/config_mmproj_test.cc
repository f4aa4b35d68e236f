// SPDX-License-Identifier: Apache-2.0
// A GGUF's vision file: its keys, its tensors, and the errors of files that are no such file or another model's.
#include <gtest/gtest.h>

#include <functional>

#include "model/bind.h"
#include "support/temporary_directory.h"
#include "support/tiny_gguf.h"

namespace sirocco {
namespace {

constexpr int64_t kTextWidth = 24;

Result<VisionWeights> bind(const TemporaryDirectory& directory, const TinyGguf& gguf, Config& config) {
  auto checkpoint = Checkpoint::open(directory.write("mmproj.gguf", gguf.bytes()));
  if (!checkpoint) return forward_error(checkpoint);
  config.hidden = kTextWidth;
  return bind_mmproj(*checkpoint, config);
}

std::string refusal(const std::function<void(TinyGguf&)>& spoil) {
  TinyGguf gguf = tiny_mmproj();
  spoil(gguf);
  const TemporaryDirectory directory;
  Config config;
  const auto bound = bind(directory, gguf, config);
  const std::string text = bound ? "accepted" : bound.error().message;
  const size_t at = text.find(directory.path());
  return at == std::string::npos ? text : text.substr(at + directory.path().size() + 1);
}

TEST(MmprojConfig, KeysAndTensorsAreTaken) {
  TinyGguf gguf = tiny_mmproj();
  gguf.set("clip.rope.freq_base", 5000.0f);
  const TemporaryDirectory directory;
  Config config;
  const auto weights = bind(directory, gguf, config);
  ASSERT_TRUE(weights) << weights.error().message;
  ASSERT_TRUE(config.vision);
  EXPECT_EQ(config.vision->hidden, 16);
  EXPECT_EQ(config.vision->layers, 2);
  EXPECT_EQ(config.vision->heads, 2);
  EXPECT_EQ(config.vision->width, 20);
  EXPECT_EQ(config.vision->patch, 14);
  EXPECT_EQ(config.vision->image_size, 140);
  EXPECT_EQ(config.vision->merge, 2);
  EXPECT_EQ(config.vision->rope_theta, 5000.0);
  EXPECT_EQ(config.vision->image_token, 10);
  EXPECT_TRUE(weights->interleaved_rope);
  EXPECT_EQ(weights->layers.size(), 2u);
  EXPECT_EQ(weights->patch_conv.cols, 3 * 14 * 14);
  EXPECT_EQ(weights->merger.cols, 64);
  EXPECT_TRUE(weights->projector_norm.present());
}

TEST(MmprojConfig, OtherSpellingsAndNoMerger) {
  EXPECT_EQ(refusal([](TinyGguf& g) {
              g.erase("clip.projector_type");
              g.set("clip.vision.projector_type", "pixtral");
            }),
            "accepted");
  EXPECT_EQ(refusal([](TinyGguf& g) {
              g.erase("clip.vision.spatial_merge_size");
              g.remove("mm.patch_merger.weight");
              g.remove("mm.input_norm.weight");
            }),
            "accepted");
}

TEST(MmprojConfig, OtherFilesAreRefused) {
  EXPECT_EQ(refusal([](TinyGguf& g) { g = tiny_gguf(); }),
            "mmproj.gguf: no mmproj file: general.architecture is 'mistral4', expected clip");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.projector_type", "gemma3"); }),
            "mmproj.gguf: clip.projector_type is 'gemma3', expected pixtral");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.has_vision_encoder", false); }),
            "mmproj.gguf: clip.has_vision_encoder is not true, the file has no vision tower");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.use_gelu", true); }),
            "mmproj.gguf: clip.use_silu is not true, expected a tower with SiLU");
}

TEST(MmprojConfig, FilesOfAnotherModelAreRefused) {
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.vision.projection_dim", 5120u); }),
            "mmproj.gguf: clip.vision.projection_dim: 5120, expected 24, the width of the text model");
  EXPECT_EQ(refusal([](TinyGguf& g) {
              g.erase("clip.vision.projection_dim");
              g.remove("mm.1.weight");
              g.tensors.push_back({"mm.1.weight", {16, 32}});
            }),
            "mmproj.gguf: tensor 'mm.1.weight': shape [32, 16], expected [24, 16]");
}

TEST(MmprojConfig, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal([](TinyGguf& g) { g.erase("clip.vision.block_count"); }),
            "mmproj.gguf: clip.vision.block_count: is missing, expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.vision.attention.head_count", 3u); }),
            "mmproj.gguf: vision: width 16 does not divide by 3 heads");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("clip.rope.freq_base", 0.5f); }),
            "mmproj.gguf: clip.rope.freq_base: 0.5, expected a number from 1 to 1000000000000000");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.remove("v.blk.1.attn_out.weight"); }),
            "mmproj.gguf: tensor 'v.blk.1.attn_out.weight' is missing, expected [16, 16]");
}

}  // namespace
}  // namespace sirocco
