// SPDX-License-Identifier: Apache-2.0
// Pictures in exact mode give the rows and the logits of transformers' Mistral3 model in float32, for every
// layout and type of tower. Each golden (tests/golden/model/vision, made by reference/vision_goldens.py) names a
// synthetic checkpoint, pictures and tokens. transformers ran all pictures of a golden in one batch; here each
// is encoded alone, several under way at once.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "model/mmproj.h"
#include "run/model.h"
#include "support/temporary_directory.h"
#include "synth/generator.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

namespace fs = std::filesystem;

constexpr double kExact = 1e-5;    // largest difference ÷ largest magnitude
constexpr double kDefault = 0.05;  // the same in the default mode
constexpr int32_t kImageToken = 10;
const char* const kGoldens = SIROCCO_SOURCE_DIR "/tests/golden/model/vision";

Json read_golden(const std::string& name) {
  auto text = read_file(fmt::format("{}/{}.json", kGoldens, name), size_t{1} << 24);
  EXPECT_TRUE(text) << name;
  return text ? *parse_json(*text, name) : Json();
}

struct Pixels {
  Pixels(int64_t index, uint64_t seed, int64_t rows, int64_t columns)
      : height(rows), width(columns), values(static_cast<size_t>(3 * rows * columns)) {
    synth::Piece piece;
    piece.name = fmt::format("pixels.{}", index);
    piece.bytes = static_cast<int64_t>(values.size()) * 4;
    synth::generate(piece, seed, 0, std::as_writable_bytes(std::span(values)));
  }
  PixelView view() const { return {height, width, make_view(values.data(), 3 * height, width)}; }

  int64_t height, width;
  std::vector<float> values;
};

std::unique_ptr<Model> load(const synth::SynthResult& made, bool exact, int64_t tokens) {
  auto checkpoint = Checkpoint::open(made.model_path);
  EXPECT_TRUE(checkpoint) << (checkpoint ? "" : checkpoint.error().message);
  if (!checkpoint) return nullptr;
  auto mmproj = open_mmproj(*checkpoint, "");
  EXPECT_TRUE(mmproj) << (mmproj ? "" : mmproj.error().message);
  if (!mmproj) return nullptr;
  ModelOptions options;
  options.exact = exact;
  options.max_batch_tokens = tokens;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), options, mmproj->file);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

// Largest difference of the sampled values ÷ their golden's largest magnitude; `row_of` maps golden rows.
double error_of(View<const float> got, const Json& sample) {
  double worst = 0.0;
  for (size_t r = 0; r < sample["rows"].size(); ++r)
    for (size_t c = 0; c < sample["columns"].size(); ++c) {
      const float value = got.at(sample["rows"][r].get<int64_t>(), sample["columns"][c].get<int64_t>());
      if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
      worst = std::max(worst, std::abs(static_cast<double>(value) - sample["values"][r][c].get<double>()));
    }
  return worst / sample["max_abs"].get<double>();
}

// One encoding a picture, all of them advanced in turn.
std::vector<std::unique_ptr<PictureEncoding>> encode(Model& model, const Json& golden) {
  std::vector<std::unique_ptr<PictureEncoding>> out;
  const uint64_t seed = golden["options"].value("seed", uint64_t{1});
  for (const Json& picture : golden["pictures"]) {
    const Pixels pixels(static_cast<int64_t>(out.size()), seed, picture["height"], picture["width"]);
    auto encoding = model.encode(pixels.view());  // the pixels may go away
    EXPECT_TRUE(encoding) << (encoding ? "" : encoding.error().message);
    if (!encoding) return {};
    out.push_back(std::move(*encoding));
  }
  for (bool all = false; !all;) {
    all = true;
    for (auto& encoding : out) all = encoding->step() && all;
  }
  return out;
}

// Logits of all tokens, [T, W], with the rows of runs of [IMG] replaced.
StepOutput run(Model& model, const std::vector<int32_t>& tokens,
               const std::vector<std::unique_ptr<PictureEncoding>>& pictures) {
  std::vector<EmbeddingOverride> overrides;
  int32_t row = 0;
  const auto count = static_cast<int32_t>(tokens.size());
  for (const auto& picture : pictures) {
    const View<const float> rows = picture->rows();
    for (int64_t done = 0; done < rows.rows;) {
      while (tokens[static_cast<size_t>(row)] != kImageToken) ++row;
      int32_t end = row;
      while (tokens[static_cast<size_t>(end)] == kImageToken) ++end;
      overrides.push_back({.first_row = row, .rows = rows.slice_rows(done, end - row)});
      done += end - row;
      row = end;
    }
  }
  std::vector<int32_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0);
  const SequenceSpan span{.first_row = 0, .rows = count, .cached_tokens = 0, .page_table = order};
  EXPECT_TRUE(model.reserve_cache(count / Model::kPageTokens + 1));
  Batch batch;
  batch.tokens = tokens;
  batch.positions = order;
  batch.sequences = {&span, 1};
  batch.logit_rows = order;
  batch.overrides = overrides;
  return model.forward(batch);
}

struct Errors {
  double rows = 0.0, logits = 0.0;
};

Errors errors_of(const Json& golden, const Json& changes, bool exact) {
  constexpr double kFailed = std::numeric_limits<double>::infinity();
  Json given = golden["options"];
  given.update(changes);
  const auto options = synth::options_from_json(given);
  EXPECT_TRUE(options) << (options ? "" : options.error().message);
  if (!options) return {kFailed, kFailed};
  const TemporaryDirectory directory;
  const auto made = synth::synthesize(*options, directory.path());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  if (!made) return {kFailed, kFailed};
  const auto tokens = golden["tokens"].get<std::vector<int32_t>>();
  const auto model = load(*made, exact, static_cast<int64_t>(tokens.size()));
  if (!model) return {kFailed, kFailed};
  EXPECT_TRUE(model->sees());
  const auto pictures = encode(*model, golden);
  Errors errors;
  for (size_t i = 0; i < pictures.size(); ++i)
    errors.rows = std::max(errors.rows, error_of(pictures[i]->rows(), golden["pictures"][i]));
  errors.logits = error_of(run(*model, tokens, pictures).logits, golden["logits"]);
  return errors;
}

std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(kGoldens, error)) names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class VisionGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(VisionGolden, ExactModeAgreesWithTransformers) {
  const Json golden = read_golden(GetParam());
  std::vector<Json> variants = {Json::object()};
  for (const Json& changes : golden["variants"]) variants.push_back(changes);
  for (const Json& changes : variants) {
    const Errors errors = errors_of(golden, changes, true);
    EXPECT_LE(errors.rows, kExact) << changes.dump();
    EXPECT_LE(errors.logits, kExact) << changes.dump();
    fmt::print("{:20} {:40} rows {:.1e}, logits {:.1e}\n", GetParam(), changes.dump(), errors.rows,
               errors.logits);
  }
}

// Only the rows are bounded: the text model's own rounding has other tests.
TEST_P(VisionGolden, TheDefaultModeStaysNear) {
  const Errors errors = errors_of(read_golden(GetParam()), Json::object(), false);
  EXPECT_LE(errors.rows, kDefault);
  fmt::print("{:20} default mode: rows {:.1e}, logits {:.1e}\n", GetParam(), errors.rows, errors.logits);
}

INSTANTIATE_TEST_SUITE_P(All, VisionGolden, ::testing::ValuesIn(golden_names()), [](const auto& instance) {
  std::string name = instance.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(VisionGoldens, AreAllThere) {
  EXPECT_GE(golden_names().size(), 20u);
}

}  // namespace
}  // namespace sirocco
