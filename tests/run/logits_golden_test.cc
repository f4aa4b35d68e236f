// SPDX-License-Identifier: Apache-2.0
// The forward pass in exact mode gives the logits of transformers in float32, for every layout and tensor
// type. Each golden (tests/golden/model/logits, made by reference/logits_goldens.py) names a synthetic
// checkpoint; the test writes it, opens it as any model is opened, runs it and compares. Attention forms,
// chunks and the order of pages must not matter, free pages must not be read.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "run/model.h"
#include "support/temporary_directory.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-5;
const char* const kGoldens = SIROCCO_SOURCE_DIR "/tests/golden/model/logits";
const char* const kAllExperts = SIROCCO_SOURCE_DIR "/tests/golden/model/all_experts";

struct Manner {  // how a sequence is fed
  const char* name = "whole";
  AttentionForm form = AttentionForm::automatic;
  std::vector<int32_t> chunks = {};  // rows of each step, the last one repeated; empty: all at once
  bool scattered = false;            // pages in odd order, every byte of the cache NaN before
};

struct Golden {
  Json json;
  std::vector<int32_t> tokens, rows, columns;
};

Golden read_golden(const std::string& name, const char* folder = kGoldens) {
  auto text = read_file(fmt::format("{}/{}.json", folder, name), size_t{1} << 24);
  EXPECT_TRUE(text) << name;
  Golden out;
  out.json = *parse_json(*text, name);
  out.tokens = out.json["tokens"].get<std::vector<int32_t>>();
  out.rows = out.json["rows"].get<std::vector<int32_t>>();
  out.columns = out.json["columns"].get<std::vector<int32_t>>();
  return out;
}

std::vector<int32_t> page_table(int64_t tokens, bool scattered) {
  std::vector<int32_t> pages(static_cast<size_t>((tokens + Model::kPageTokens - 1) / Model::kPageTokens));
  for (size_t i = 0; i < pages.size(); ++i) {
    const auto number = static_cast<int32_t>(i);
    pages[i] = scattered ? 2 * (static_cast<int32_t>(pages.size()) - number) : number;
  }
  return pages;
}

// Logits of the golden's rows, [rows, W].
std::vector<float> run(Model& model, const Golden& golden, int64_t first_position, const Manner& manner) {
  const auto tokens = static_cast<int64_t>(golden.tokens.size());
  const std::vector<int32_t> pages = page_table(tokens, manner.scattered);
  EXPECT_TRUE(model.reserve_cache(2 * static_cast<int64_t>(pages.size()) + 1));
  for (int64_t page = 0; manner.scattered && page < model.pages(); ++page) {
    std::memset(model.page(page).data(), 0xff, model.page(page).size());
  }
  std::vector<int32_t> positions(golden.tokens.size());
  std::iota(positions.begin(), positions.end(), static_cast<int32_t>(first_position));
  std::vector<float> logits;
  size_t step = 0;
  for (int32_t done = 0; done < tokens; ++step) {
    const int32_t left = static_cast<int32_t>(tokens) - done;
    const int32_t count = manner.chunks.empty()
                              ? left
                              : std::min(left, manner.chunks[std::min(step, manner.chunks.size() - 1)]);
    std::vector<int32_t> rows;
    for (const int32_t row : golden.rows) {
      if (row >= done && row < done + count) rows.push_back(row - done);
    }
    const SequenceSpan span{.first_row = 0, .rows = count, .cached_tokens = done, .page_table = pages};
    Batch batch;
    batch.tokens = std::span(golden.tokens).subspan(static_cast<size_t>(done), static_cast<size_t>(count));
    batch.positions = std::span(positions).subspan(static_cast<size_t>(done), static_cast<size_t>(count));
    batch.sequences = {&span, 1};
    batch.logit_rows = rows;
    const StepOutput out = model.forward(batch);
    for (int64_t r = 0; r < static_cast<int64_t>(rows.size()); ++r) {
      logits.insert(logits.end(), out.logits.row(r), out.logits.row(r) + out.logits.cols);
    }
    done += count;
  }
  return logits;
}

// Largest absolute difference ÷ largest absolute logit; infinite when anything is not finite.
double relative_error(const std::vector<float>& logits, const Golden& golden, const Json& expected) {
  const size_t width = logits.size() / golden.rows.size();
  double worst = 0.0;
  for (size_t r = 0; r < golden.rows.size(); ++r) {
    for (size_t c = 0; c < golden.columns.size(); ++c) {
      const float got = logits[r * width + static_cast<size_t>(golden.columns[c])];
      if (!std::isfinite(got)) return std::numeric_limits<double>::infinity();
      worst = std::max(worst, std::abs(static_cast<double>(got) - expected["logits"][r][c].get<double>()));
    }
  }
  return worst / expected["max_abs"].get<double>();
}

// A reader of the checkpoint at `path` in exact mode.
std::unique_ptr<Model> load(const std::string& path, bool mscale, AttentionForm form, int64_t tokens) {
  auto checkpoint = Checkpoint::open(path);
  EXPECT_TRUE(checkpoint) << (checkpoint ? "" : checkpoint.error().message);
  if (!checkpoint) return nullptr;
  ModelOptions options;
  options.exact = true;
  options.softmax_scale = mscale ? SoftmaxScale::mscale : SoftmaxScale::plain;
  options.attention_form = form;
  options.max_batch_tokens = tokens;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), options);
  EXPECT_TRUE(model) << (model ? "" : model.error().message);
  return model ? std::move(*model) : nullptr;
}

// Writes the checkpoint with `changes` over the golden's options; gives the worst error over its runs.
double worst_error(const Golden& golden, const Json& changes, const std::vector<Manner>& manners) {
  Json given = golden.json["options"];
  given.update(changes);
  const auto options = synth::options_from_json(given);
  EXPECT_TRUE(options) << (options ? "" : options.error().message);
  if (!options) return std::numeric_limits<double>::infinity();
  const TemporaryDirectory directory;
  const auto made = synth::synthesize(*options, directory.path());
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  if (!made) return std::numeric_limits<double>::infinity();
  double worst = 0.0;
  for (const Json& expected : golden.json["runs"]) {
    for (const Manner& manner : manners) {
      const auto model = load(made->model_path, expected["mscale"].get<bool>(), manner.form,
                              static_cast<int64_t>(golden.tokens.size()));
      if (!model) return std::numeric_limits<double>::infinity();
      const auto logits = run(*model, golden, expected["first_position"].get<int64_t>(), manner);
      const double error = relative_error(logits, golden, expected);
      EXPECT_LE(error, kTolerance) << given.dump() << " position " << expected["first_position"] << " mscale "
                                   << expected["mscale"] << ", " << manner.name;
      worst = std::max(worst, error);
    }
  }
  return worst;
}

std::string described(const Json& options) {
  return fmt::format("{} {}", options.value("layout", "native"), options.value("type", "bf16"));
}

class LogitsGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(LogitsGolden, EveryVariantAgrees) {
  const Golden golden = read_golden(GetParam());
  std::vector<Json> variants = {Json::object()};
  for (const Json& changes : golden.json["variants"]) variants.push_back(changes);
  for (const Json& changes : variants) {
    Json options = golden.json["options"];
    options.update(changes);
    const double worst = worst_error(golden, changes, {Manner{}});
    fmt::print("{:24} {:16} {:40} worst relative error {:.1e}\n", GetParam(), described(options),
               changes.dump(), worst);
  }
}

std::vector<std::string> golden_names(const char* folder = kGoldens) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, LogitsGolden, ::testing::ValuesIn(golden_names()), [](const auto& instance) {
  std::string name = instance.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// An empty folder of goldens would pass every parameterised test.
TEST(LogitsGoldens, AreAllThere) {
  EXPECT_GE(golden_names().size(), 50u);
}

TEST(LogitsGoldens, FormsChunksAndPagesDoNotMatter) {
  const std::vector<Manner> manners = {
      {.name = "absorbed", .form = AttentionForm::absorbed},
      {.name = "expanded", .form = AttentionForm::expanded},
      {.name = "token by token", .chunks = {1}},
      {.name = "chunks around a page", .form = AttentionForm::expanded, .chunks = {63, 1, 1, 40}},
      {.name = "prompt, then decoding", .chunks = {100, 1}},
      {.name = "scattered pages", .form = AttentionForm::absorbed, .chunks = {50, 7}, .scattered = true},
      {.name = "scattered pages, expanded",
       .form = AttentionForm::expanded,
       .chunks = {50, 30},
       .scattered = true},
  };
  for (const char* name : {"plain", "odd"}) {
    const double worst = worst_error(read_golden(name), Json::object(), manners);
    fmt::print("{:24} {} manners, worst relative error {:.1e}\n", name, manners.size(), worst);
  }
}

// Writes and reads 2 GB a golden: run by `./test --full`.
TEST(LogitsGoldens, DISABLED_AllExpertsAtTheRealWidth) {
  const auto names = golden_names(kAllExperts);
  EXPECT_GE(names.size(), 2u);
  for (const std::string& name : names) {
    const double worst = worst_error(read_golden(name, kAllExperts), Json::object(), {Manner{}});
    fmt::print("{:24} worst relative error {:.1e}\n", name, worst);
  }
}

TEST(LogitsGoldens, TheTwoScalesDiffer) {
  const Json runs = read_golden("plain").json["runs"];
  EXPECT_NE(runs[0]["logits"], runs[1]["logits"]);
  EXPECT_NE(runs[0]["logits"], runs[2]["logits"]);
}

}  // namespace
}  // namespace sirocco
