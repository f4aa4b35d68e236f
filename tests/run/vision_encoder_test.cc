// SPDX-License-Identifier: Apache-2.0
// What an encoding promises beside its numbers: steps are bounded, may alternate with forward passes and other
// encodings, and pictures that do not fit are refused by name. Narrowed matrices hold what bf16 can.
#include "run/cpu/matrix_loader.h"
#include "run/cpu/vision_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "ops/select.h"
#include "run/cpu/linear.h"
#include "run/model.h"
#include "support/temporary_directory.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

synth::SynthOptions small() {
  synth::SynthOptions o;
  o.layers = 1;
  o.hidden = 64;
  o.heads = 2;
  o.q_rank = 32;
  o.kv_rank = 32;
  o.nope = o.rope = 8;
  o.v = 16;
  o.vocabulary = 64;
  o.experts = 2;
  o.experts_per_token = 1;
  o.expert_width = 32;
  o.vision = true;
  o.vision_layers = 2;
  o.vision_hidden = 64;
  o.vision_heads = 2;
  o.vision_width = 96;
  return o;
}

std::unique_ptr<Model> load(const synth::SynthOptions& options, const ModelOptions& how = {}) {
  const TemporaryDirectory directory;
  const auto made = synth::synthesize(options, directory.path());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  if (!made) return nullptr;
  auto checkpoint = Checkpoint::open(made->model_path);
  EXPECT_TRUE(checkpoint);
  if (!checkpoint) return nullptr;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), how);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

std::vector<float> random_pixels(int64_t height, int64_t width, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(static_cast<size_t>(3 * height * width));
  for (float& value : out) value = normal(random);
  return out;
}

PixelView view_of(const std::vector<float>& pixels, int64_t height, int64_t width) {
  return {height, width, make_view(pixels.data(), 3 * height, width)};
}

std::vector<float> copy(View<const float> rows) {
  return {rows.data, rows.data + rows.rows * rows.cols};
}

TEST(VisionEncoder, StepsMayAlternateWithEverythingElse) {
  const auto model = load(small());
  ASSERT_TRUE(model && model->sees());
  const auto a = random_pixels(168, 280, 1), b = random_pixels(56, 28, 2);
  auto alone = model->encode(view_of(a, 168, 280));
  ASSERT_TRUE(alone);
  int64_t steps = 1;
  while (!(*alone)->step()) ++steps;
  EXPECT_EQ((*alone)->rows().rows, 6 * 10);
  EXPECT_EQ((*alone)->rows().cols, 64);
  EXPECT_EQ(steps, 1 + 2 * 2 + 1) << "passes of 240 patches";

  ASSERT_TRUE(model->reserve_cache(1));
  const std::vector<int32_t> tokens = {1, 2, 3}, positions = {0, 1, 2}, pages = {0}, last = {2};
  const SequenceSpan span{.first_row = 0, .rows = 3, .cached_tokens = 0, .page_table = pages};
  Batch batch;
  batch.tokens = tokens;
  batch.positions = positions;
  batch.sequences = {&span, 1};
  batch.logit_rows = last;
  const std::vector<float> logits = copy(model->forward(batch).logits);

  auto first = model->encode(view_of(a, 168, 280));
  auto second = model->encode(view_of(b, 56, 28));
  ASSERT_TRUE(first && second);
  while (!(*first)->step()) {
    EXPECT_EQ(copy(model->forward(batch).logits), logits);
    (*second)->step();
  }
  EXPECT_TRUE((*first)->step()) << "a finished encoding stays finished";
  EXPECT_TRUE((*second)->step());
  EXPECT_EQ(copy((*first)->rows()), copy((*alone)->rows()));
  EXPECT_EQ((*second)->rows().rows, 2);
}

// A longer picture takes more steps, not longer ones.
TEST(VisionEncoder, BlocksBoundAStep) {
  const auto model = load(small());
  ASSERT_TRUE(model);
  const auto pixels = random_pixels(1540, 308, 3);  // 110 x 22 = 2420 patches, blocks of 480, of keys 512
  auto encoding = model->encode(view_of(pixels, 1540, 308));
  ASSERT_TRUE(encoding);
  int64_t steps = 1;
  while (!(*encoding)->step()) ++steps;
  EXPECT_EQ(steps, 6 + 2 * (5 + 6) + 2);
  EXPECT_LT((*encoding)->operations() / static_cast<double>(steps), PictureEncoding::kStepOperations);
}

// patches · conv + layers · (projections, feed-forward and two products with all patches) + merged · projector.
TEST(VisionEncoder, CountsItsOperations) {
  ModelOptions options;
  options.exact = true;
  const auto model = load(small(), options);
  ASSERT_TRUE(model);
  auto encoding = model->encode(view_of(random_pixels(28, 56, 4), 28, 56));
  ASSERT_TRUE(encoding);
  const double patches = 8, d = 64, f = 96, text = 64;
  const double layer = 4 * d * d + 3 * d * f + 2 * patches * d;
  const double projector = 4 * d * d + d * text + text * text;
  EXPECT_EQ((*encoding)->operations(),
            2 * (patches * (3 * 14 * 14 * d + 2 * layer) + patches / 4 * projector));
}

TEST(VisionEncoder, RefusesPicturesThatDoNotFit) {
  const auto model = load(small());
  ASSERT_TRUE(model);
  const std::vector<float> pixels(size_t{3} * 1568 * 28);
  const auto message = [&](int64_t height, int64_t width) {
    const auto encoding = model->encode(view_of(pixels, height, width));
    return encoding ? std::string("encoded") : encoding.error().message;
  };
  EXPECT_EQ(message(28, 28), "encoded");
  EXPECT_EQ(message(27, 28), "picture: height 27, expected a multiple of 28 up to 1540");
  EXPECT_EQ(message(28, 0), "picture: width 0, expected a multiple of 28 up to 1540");
  EXPECT_EQ(message(1568, 28), "picture: height 1568, expected a multiple of 28 up to 1540");
  const auto grey = model->encode({28, 28, make_view(pixels.data(), 28, 28)});
  ASSERT_FALSE(grey);
  EXPECT_EQ(grey.error().message, "picture: 28 × 28 values, expected 3 planes of 28 × 28");
}

TEST(VisionEncoder, ATextModelSaysSo) {
  synth::SynthOptions options = small();
  options.vision = false;
  const auto model = load(options);
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->sees());
  const auto encoding = model->encode(view_of(random_pixels(28, 28, 5), 28, 28));
  ASSERT_FALSE(encoding);
  EXPECT_EQ(encoding.error().kind, ErrorKind::unsupported);
  EXPECT_NE(encoding.error().message.find("no vision tower"), std::string::npos);
}

TEST(MatrixLoader, NarrowsWhatHasNoKernel) {
  const auto ops = select_op_table(detect_cpu_features(), "");
  ASSERT_TRUE(ops);
  const int64_t rows = 37, cols = 45;
  const std::vector<float> values = random_pixels(rows, cols, 6);
  const WeightView view{.dtype = DType::f32,
                        .rows = rows,
                        .cols = cols,
                        .data = reinterpret_cast<const std::byte*>(values.data()),
                        .row_stride_bytes = cols * 4};
  WeightArena arena;
  Compute compute(**ops, 2);
  MatrixLoader loader(**ops, Packing::at_once, arena, compute.pool, {});
  const Matrix matrix = loader.load_narrowed(view, 64);
  if (!matrix.packed()) GTEST_SKIP() << "no bf16 kernels here";
  ASSERT_EQ(matrix.cols(), 64);
  std::vector<float> x(64, 0.0f), y(static_cast<size_t>(rows));
  for (int64_t i = 0; i < cols; ++i) x[static_cast<size_t>(i)] = i % 3 == 0 ? 1.0f : -0.5f;
  linear(matrix, make_view<const float>(x.data(), 1, 64), make_view(y.data(), 1, rows), compute);
  for (int64_t r = 0; r < rows; ++r) {
    double sum = 0.0, size = 0.0;
    for (int64_t i = 0; i < cols; ++i) {
      const double term = static_cast<double>(values[static_cast<size_t>(r * cols + i)]) *
                          static_cast<double>(x[static_cast<size_t>(i)]);
      sum += term;
      size += std::abs(term);
    }
    EXPECT_NEAR(y[static_cast<size_t>(r)], sum, size / 256.0);
  }
}

}  // namespace
}  // namespace sirocco
