// SPDX-License-Identifier: Apache-2.0
// Properties of the forward pass that hold whatever the weights: attention forms agree, chunks and page
// numbers do not matter, unused memory is not read. That the numbers are right is logits_golden_test.cc's
// business.
#include "run/cpu/cpu_backend.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>

#include "ops/select.h"
#include "run/cpu/matrix_loader.h"
#include "run/random_model.h"

namespace sirocco {
namespace {

constexpr int64_t kTokens = 150;  // past two pages
constexpr int64_t kPages = 8;

struct Run {
  std::vector<int32_t> chunks{kTokens};  // rows of each step
  std::vector<int32_t> page_table{0, 1, 2};
  bool poison = false;  // fill the cache with NaN first
  AttentionForm form = AttentionForm::absorbed;
  int64_t first_position = 0;
  int threads = 2;
  bool exact = true;
  CacheType cache_type = CacheType::automatic;
  std::string isa = "";
  bool pack_when_used = false;
  int64_t weight_copy_bytes = 0;
};

// Logits of all tokens, [kTokens, W].
std::vector<float> logits_of(const RandomModel& model, const Run& run) {
  ModelOptions options;
  options.exact = run.exact;
  options.cache_type = run.cache_type;
  options.attention_form = run.form;
  options.threads = run.threads;
  options.max_batch_tokens = kTokens;
  options.isa = run.isa;
  options.pack_when_used = run.pack_when_used;
  options.weight_copy_bytes = run.weight_copy_bytes;
  auto backend = CpuBackend::create(model.config, model.weights, options);
  EXPECT_TRUE(backend);
  EXPECT_TRUE((*backend)->reserve_cache(kPages));
  if (run.poison)
    for (int64_t page = 0; page < kPages; ++page)
      std::memset((*backend)->page(page).data(), 0xff, (*backend)->page(page).size());
  std::vector<int32_t> tokens(kTokens), positions(kTokens), rows(kTokens);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<int32_t>(i * 7 % 50);
    positions[i] = static_cast<int32_t>(run.first_position + static_cast<int64_t>(i));
  }
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<float> logits;
  int32_t done = 0;
  for (const int32_t count : run.chunks) {
    const auto begin = static_cast<size_t>(done), size = static_cast<size_t>(count);
    const SequenceSpan span{
        .first_row = 0, .rows = count, .cached_tokens = done, .page_table = run.page_table};
    Batch batch;
    batch.tokens = std::span(tokens).subspan(begin, size);
    batch.positions = std::span(positions).subspan(begin, size);
    batch.sequences = {&span, 1};
    batch.logit_rows = std::span(rows).first(size);
    (*backend)->begin(batch);
    for (int64_t layer = 0; layer < model.config.layers; ++layer) {
      (*backend)->attend(layer);
      (*backend)->feed_forward(layer);
    }
    const StepOutput out = (*backend)->finish();
    logits.insert(logits.end(), out.logits.data, out.logits.data + count * model.config.vocabulary);
    done += count;
  }
  return logits;
}

float relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  float worst = 0.0f, largest = 0.0f;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) return std::numeric_limits<float>::infinity();
    worst = std::max(worst, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return worst / largest;
}

// The median over the tokens: where two experts tie, rounding picks the other one, and that token is lost.
float typical_error(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> errors;
  const auto W = static_cast<int64_t>(a.size()) / kTokens;
  for (auto begin = a.begin(), other = b.begin(); begin != a.end(); begin += W, other += W)
    errors.push_back(relative_error({begin, begin + W}, {other, other + W}));
  std::nth_element(errors.begin(), errors.begin() + kTokens / 2, errors.end());
  return errors[kTokens / 2];
}

TEST(CpuBackend, AbsorbedAndExpandedAttentionAgree) {
  const RandomModel model;
  for (const int64_t position : {0, 60, 4000}) {
    const auto absorbed = logits_of(model, {.first_position = position});
    const auto expanded = logits_of(model, {.form = AttentionForm::expanded, .first_position = position});
    EXPECT_LE(relative_error(expanded, absorbed), 2e-6f);
  }
}

TEST(CpuBackend, ChunksDoNotChangeAbsorbedLogitsByABit) {
  const RandomModel model;
  const auto whole = logits_of(model, {});
  EXPECT_EQ(whole, logits_of(model, {.chunks = {1, 63, 1, 20, 65}}));
  EXPECT_EQ(whole, logits_of(model, {.chunks = std::vector<int32_t>(kTokens, 1)}));
}

TEST(CpuBackend, ChunksDoNotChangeExpandedLogitsByABit) {
  const RandomModel model;
  const auto whole = logits_of(model, {.form = AttentionForm::expanded});
  EXPECT_EQ(whole, logits_of(model, {.chunks = {70, 1, 79}, .form = AttentionForm::expanded}));
}

TEST(CpuBackend, PageNumbersAndStaleMemoryDoNotMatter) {
  const RandomModel model;
  const auto plain = logits_of(model, {});
  EXPECT_EQ(plain, logits_of(model, {.page_table = {7, 2, 5}, .poison = true}));
  EXPECT_EQ(logits_of(model, {.form = AttentionForm::expanded}),
            logits_of(model, {.page_table = {6, 0, 3}, .poison = true, .form = AttentionForm::expanded}));
}

TEST(CpuBackend, ThreadsDoNotChangeABit) {
  const RandomModel model;
  EXPECT_EQ(logits_of(model, {.threads = 1}), logits_of(model, {.threads = 5}));
}

TEST(CpuBackend, PositionMatters) {
  const RandomModel model;
  EXPECT_GT(relative_error(logits_of(model, {.first_position = 64}), logits_of(model, {})), 1e-4f);
}

TEST(CpuBackend, UnknownInstructionSetIsAnError) {
  const RandomModel model;
  ModelOptions options;
  options.isa = "mmx";
  const auto backend = CpuBackend::create(model.config, model.weights, options);
  ASSERT_FALSE(backend);
  EXPECT_NE(backend.error().message.find("mmx"), std::string::npos);
}

TEST(CpuBackend, SaysWhatItChose) {
  const RandomModel model;
  const auto chosen = CpuBackend::create(model.config, model.weights, {});
  ASSERT_TRUE(chosen);
  EXPECT_EQ((*chosen)->isa(), (*select_op_table(detect_cpu_features(), ""))->name);
  EXPECT_GE((*chosen)->threads(), 1);
  ModelOptions options;
  options.threads = 3;
  options.isa = "scalar";
  const auto forced = CpuBackend::create(model.config, model.weights, options);
  ASSERT_TRUE(forced);
  EXPECT_EQ((*forced)->isa(), "scalar");
  EXPECT_EQ((*forced)->threads(), 3);
}

using Steps = Run;  // a test's own Run() hides the name

// The default mode: packed weights and narrowed activations, for every instruction set that this machine has.
class PackedBackend : public testing::TestWithParam<std::tuple<const OpTable*, DType>> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(std::get<0>(GetParam())->needs))
      GTEST_SKIP() << std::get<0>(GetParam())->name << ": this processor lacks it";
  }
  std::vector<float> logits(Steps run) const {
    run.exact = false;
    run.isa = std::get<0>(GetParam())->name;
    if (run.form == AttentionForm::absorbed) run.form = AttentionForm::automatic;
    return logits_of(model, run);
  }
  const RandomModel model{std::get<1>(GetParam()), 5};
};

TEST_P(PackedBackend, StaysCloseToExactMode) {
  EXPECT_LE(typical_error(logits({}), logits_of(model, {})), 2e-2f);
}

TEST_P(PackedBackend, ACacheInQ8StaysCloseAndKeepsItsBits) {
  const auto whole = logits({.cache_type = CacheType::q8});
  EXPECT_LE(typical_error(whole, logits_of(model, {})), 4e-2f);
  EXPECT_EQ(whole, logits({.page_table = {7, 2, 5}, .poison = true, .cache_type = CacheType::q8}));
  if (std::get<0>(GetParam())->latent != nullptr) {
    EXPECT_EQ(whole, logits({.chunks = {1, 63, 1, 20, 65}, .cache_type = CacheType::q8}));
  }
}

TEST_P(PackedBackend, ExpertsThatArePackedWhenUsedAreTheSame) {
  const auto at_once = logits({.chunks = {3, 1, 146}});
  EXPECT_EQ(at_once, logits({.chunks = {3, 1, 146}, .pack_when_used = true}));
  EXPECT_EQ(at_once, logits({.chunks = {3, 1, 146}, .threads = 5, .pack_when_used = true}));
}

// Memory for a few of a layer's experts: long steps compute them in several groups, short ones take each other's rooms.
TEST_P(PackedBackend, ExpertsThatTakeTurnsInMemoryAreTheSame) {
  const auto others = static_cast<int64_t>(matrix_bytes(model.weights).others);
  const Steps short_of_memory{.chunks = {3, 1, 146}, .weight_copy_bytes = others / 3 * 4 + 16};
  const auto packed = logits({.chunks = {3, 1, 146}});
  EXPECT_EQ(packed, logits(short_of_memory));
  Steps threads = short_of_memory;
  threads.threads = 5;
  EXPECT_EQ(packed, logits(threads));
}

TEST_P(PackedBackend, SaysHowManyExpertsTakeTurns) {
  ModelOptions options;
  options.isa = std::get<0>(GetParam())->name;
  const MatrixBytes bytes = matrix_bytes(model.weights);
  options.weight_copy_bytes = static_cast<int64_t>(bytes.others) / 3 * 4 + 16;
  auto backend = CpuBackend::create(model.config, model.weights, options);
  ASSERT_TRUE(backend);
  const WeightMemory memory = (*backend)->weight_memory();
  if (memory.shared_experts == 0) GTEST_SKIP() << "packs no experts";
  EXPECT_EQ(memory.shared_experts, model.config.layers * model.config.experts.experts);
  EXPECT_GE(memory.expert_rooms, 1);
  EXPECT_LT(memory.expert_rooms, memory.shared_experts / 2);
  EXPECT_LT(memory.mapped_bytes, bytes.routed);  // they are read past the page cache
  EXPECT_GT(memory.promised_bytes, 0u);
}

TEST_P(PackedBackend, ExpandedAttentionStaysCloseToo) {
  const auto whole = logits({.form = AttentionForm::expanded});
  EXPECT_LE(typical_error(whole, logits_of(model, {})), 2e-2f);
  EXPECT_EQ(whole, logits({.page_table = {7, 2, 5}, .poison = true, .form = AttentionForm::expanded}));
}

TEST_P(PackedBackend, PagesStaleMemoryAndThreadsDoNotMatter) {
  const auto plain = logits({});
  EXPECT_EQ(plain, logits({.page_table = {7, 2, 5}, .poison = true}));
  EXPECT_EQ(plain, logits({.threads = 1}));
}

TEST_P(PackedBackend, ChunksDoNotChangeABit) {
  if (std::get<0>(GetParam())->latent == nullptr)
    GTEST_SKIP() << "expanded and absorbed attention differ by rounding here";
  const auto whole = logits({});
  EXPECT_EQ(whole, logits({.chunks = {1, 63, 1, 20, 65}}));
  EXPECT_EQ(whole, logits({.chunks = std::vector<int32_t>(kTokens, 1)}));
}

// Behind 40,000 keys partial results are merged in rounds, unless one thread does all.
std::vector<float> logits_behind(int64_t cached, int64_t short_cached, const RandomModel& model,
                                 const ModelOptions& options) {
  constexpr int32_t kRows = 8;
  auto backend = CpuBackend::create(model.config, model.weights, options);
  EXPECT_TRUE(backend);
  EXPECT_TRUE((*backend)->reserve_cache(12));
  std::mt19937 random(3);
  for (int64_t page = 0; page < 12; ++page) {  // values in (0.5, 2) with signs
    auto* values = reinterpret_cast<uint16_t*>((*backend)->page(page).data());
    for (size_t i = 0; i < (*backend)->page(page).size() / 2; ++i)
      values[i] = static_cast<uint16_t>(0x3f00 | (random() & 0x80ff));
  }
  const auto table_of = [](int64_t tokens, int32_t own) {  // cached pages come again and again, the new keys' do not
    std::vector<int32_t> table;
    for (int64_t page = 0; page < tokens / Model::kPageTokens; ++page) table.push_back(static_cast<int32_t>(page % 8));
    table.insert(table.end(), {own, own + 1});
    return table;
  };
  const auto table = table_of(cached, 8), short_table = table_of(short_cached, 10);
  std::vector<int32_t> tokens(kRows + 1, 7), positions, wanted(kRows + 1);
  for (int32_t i = 0; i < kRows; ++i) positions.push_back(static_cast<int32_t>(cached) + i);
  positions.push_back(static_cast<int32_t>(short_cached));
  std::iota(wanted.begin(), wanted.end(), 0);
  const SequenceSpan spans[] = {
      {.first_row = 0, .rows = kRows, .cached_tokens = static_cast<int32_t>(cached), .page_table = table},
      {.first_row = kRows, .rows = 1, .cached_tokens = static_cast<int32_t>(short_cached), .page_table = short_table}};
  Batch batch;
  batch.tokens = tokens;
  batch.positions = positions;
  batch.sequences = spans;
  batch.logit_rows = wanted;
  (*backend)->begin(batch);
  (*backend)->attend(0);
  (*backend)->feed_forward(0);
  const StepOutput out = (*backend)->finish();
  return {out.logits.data, out.logits.data + (kRows + 1) * model.config.vocabulary};
}

TEST_P(PackedBackend, LongSequencesAreTheSameBitsOnAnyThreads) {
  if (std::get<0>(GetParam())->latent == nullptr) GTEST_SKIP() << "no packed attention";
  ModelOptions options;
  options.isa = std::get<0>(GetParam())->name;
  options.max_batch_tokens = 16;
  options.attention_form = AttentionForm::absorbed;
  for (const int64_t cached : {40000, 700}) {
    options.threads = 1;
    const auto alone = logits_behind(cached, 100, model, options);
    for (const int threads : {2, 5}) {
      options.threads = threads;
      EXPECT_EQ(logits_behind(cached, 100, model, options), alone) << cached << " keys, " << threads << " threads";
    }
  }
}

// Shapes that no packed kernel takes are computed from the file's own rows, whatever became of their neighbours.
TEST_P(PackedBackend, ExpertsOfWhichOneMatrixCannotBePackedAreDecoded) {
  if (std::get<1>(GetParam()) != DType::bf16) GTEST_SKIP() << "blocks of 32 columns fit no such width";
  const RandomModel odd(DType::bf16, 5, 40);  // 40 columns of `down` fit no kernel, gate and up do
  Steps packed;
  packed.exact = false;
  packed.isa = std::get<0>(GetParam())->name;
  packed.form = AttentionForm::automatic;
  EXPECT_LE(typical_error(logits_of(odd, packed), logits_of(odd, {})), 2e-2f);
}

INSTANTIATE_TEST_SUITE_P(Isa, PackedBackend,
                         testing::Combine(testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                                          testing::Values(DType::q8_0, DType::bf16)),
                         [](const auto& test) {
                           return fmt::format("{}_{}", std::get<0>(test.param)->name,
                                              traits(std::get<1>(test.param)).name);
                         });

TEST(CpuBackend, DeclaresTheBytesThatItsStripsHold) {
  const RandomModel model(DType::q8_0, 5);
  WeightArena arena;
  ThreadPool pool(1);
  auto ops = select_op_table(detect_cpu_features(), "");
  ASSERT_TRUE(ops);
  MatrixLoader loader(**ops, Packing::at_once, arena, pool, {});
  for (const WeightView* view : {&model.weights.head, &model.weights.layers[0].latent.q_b}) {
    const Matrix matrix = loader.load(*view);
    if (!matrix.packed()) GTEST_SKIP() << (*ops)->name << ": packs nothing";
    const int64_t strip = (16 * row_bytes(view->dtype, view->cols) + 63) / 64 * 64;  // strips begin on lines
    EXPECT_EQ(matrix.bytes(), (view->rows + 15) / 16 * strip);
  }
}

}  // namespace
}  // namespace sirocco
