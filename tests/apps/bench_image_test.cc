// SPDX-License-Identifier: Apache-2.0
// The picture test of `bench`: sizes are rounded up to whole tokens, work is counted, bad sizes and text models
// are refused.
#include "bench_image.h"

#include <gtest/gtest.h>

#include "support/temporary_directory.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

std::unique_ptr<Model> load(bool vision) {
  synth::SynthOptions o;
  o.layers = 1;
  o.hidden = 32;
  o.heads = 2;
  o.q_rank = 0;
  o.kv_rank = 16;
  o.nope = o.rope = 8;
  o.v = 8;
  o.vocabulary = 32;
  o.experts = o.experts_per_token = 1;
  o.expert_width = 16;
  o.vision = vision;
  o.vision_layers = 1;
  o.vision_hidden = 32;
  o.vision_heads = 2;
  o.vision_width = 32;
  const TemporaryDirectory directory;
  const auto made = synth::synthesize(o, directory.path());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  if (!made) return nullptr;
  auto checkpoint = Checkpoint::open(made->model_path);
  EXPECT_TRUE(checkpoint);
  if (!checkpoint) return nullptr;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), {});
  EXPECT_TRUE(model);
  return model ? std::move(*model) : nullptr;
}

TEST(BenchImage, RoundsSizesUpToWholeTokens) {
  const auto model = load(true);
  ASSERT_TRUE(model);
  Profile profile;
  const auto wide = bench_image(*model, {57, 28}, 2, profile);
  ASSERT_TRUE(wide) << wide.error().message;
  EXPECT_EQ(wide->width, 84);
  EXPECT_EQ(wide->height, 28);
  EXPECT_EQ(wide->rows, 3);
  EXPECT_GT(wide->operations, 0.0);
  EXPECT_GT(wide->seconds, 0.0);
  EXPECT_LE(wide->fastest, wide->seconds);
  EXPECT_LE(wide->seconds, wide->slowest);
  const auto square = bench_image(*model, {30, 30}, 1, profile);
  ASSERT_TRUE(square);
  EXPECT_EQ(square->rows, 4);
  EXPECT_EQ(square->share({}), 0.0) << "no peak, no share";
}

TEST(BenchImage, ReadsSizes) {
  EXPECT_EQ(picture_size("57x28")->width, 57);
  EXPECT_EQ(picture_size("57x28")->height, 28);
  EXPECT_EQ(picture_size("30")->height, 30);
  for (const char* size : {"", "x", "10x", "-3", "0x28", "28 x28", "28x28x28", "foo"}) {
    const auto result = picture_size(size);
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().message, std::string(size) + ": expected WIDTHxHEIGHT in pixels");
  }
}

TEST(BenchImage, RefusesLargerSizesAndTextModels) {
  const auto model = load(true);
  ASSERT_TRUE(model);
  Profile profile;
  const auto large = bench_image(*model, {2000, 28}, 1, profile);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().message, "--image 2000x28: the tower takes up to 1540 pixels a side");
  const auto blind = bench_image(*load(false), {28, 28}, 1, profile);
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace sirocco
