// SPDX-License-Identifier: Apache-2.0
// Expanded attention against softmax in float64 over keys and values from the latents as the cache holds them.
#include "run/cpu/expanded_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "ops/select.h"
#include "run/cpu/matrix_loader.h"

namespace sirocco {
namespace {

constexpr int64_t kH = 3, kC = 64, kR = 8, kN = 16, kV = 32;

Config small_config() {
  Config config;
  config.layers = 1;
  config.hidden = 32;
  config.heads = kH;
  config.kv_lora_rank = kC;
  config.rope_dim = kR;
  config.nope_dim = kN;
  config.v_head_dim = kV;
  return config;
}

// One sequence whose last rows are new; everything random.
class Sequence {
 public:
  Sequence(const OpTable& ops, int64_t cached, int64_t rows, int threads)
      : compute_(ops, threads), work_(config_, rows), cache_(1, kC, kR, CacheType::bf16), cached_(cached), rows_(rows) {
    std::mt19937 random(static_cast<unsigned>(cached * 7 + rows));
    std::normal_distribution<float> normal;
    for (auto* weights : {&k_up_, &v_up_})
      for (float& w : *weights) w = normal(random) / 8.0f;
    for (int64_t i = 0; i < rows * kH * (kN + kR); ++i) work_.queries[i] = normal(random);
    const int64_t keys = cached + rows, pages = (keys + LatentCache::kTokens - 1) / LatentCache::kTokens;
    EXPECT_TRUE(cache_.reserve(pages));
    table_.resize(static_cast<size_t>(pages));
    std::iota(table_.rbegin(), table_.rend(), 0);  // the last page first
    latents_.resize(static_cast<size_t>(keys * (kC + kR)));
    for (int64_t l = 0; l < keys; ++l) {
      float* row = latents_.data() + l * (kC + kR);
      for (int64_t c = 0; c < kC + kR; ++c) row[c] = normal(random);
      const int32_t page = table_[static_cast<size_t>(l / LatentCache::kTokens)];
      cache_.store(page, 0, l % LatentCache::kTokens, row, ops);
      const auto stored = cache_.load(page, 0, l % LatentCache::kTokens + 1, scratch_.data(), ops);
      std::copy_n(stored.row(l % LatentCache::kTokens), kC + kR, row);
    }
    ThreadPool pool(1);
    MatrixLoader loader(ops, Packing::at_once, arena_, pool, {});
    v_packed_ = loader.load_floats(v_up_.data(), kH * kV, kC);
    attention_ = std::make_unique<ExpandedAttention>(config_, k_up_.data(), v_packed_, loader);
  }

  // Its new rows in such chunks: [rows, H V].
  std::vector<float> computed(const std::vector<int64_t>& chunks) {
    int64_t done = 0;
    for (const int64_t count : chunks) {
      const SequenceSpan span{.first_row = static_cast<int32_t>(done),
                              .rows = static_cast<int32_t>(count),
                              .cached_tokens = static_cast<int32_t>(cached_ + done),
                              .page_table = table_};
      attention_->run(span, 0, cache_, work_, compute_);
      done += count;
    }
    EXPECT_EQ(done, rows_);
    return {work_.attended.data(), work_.attended.data() + rows_ * kH * kV};
  }

  // Row `row` of the new ones, head by head.
  std::vector<double> definition(int64_t row) const {
    std::vector<double> out;
    for (int64_t h = 0; h < kH; ++h) {
      const float* q = work_.queries.data() + (row * kH + h) * (kN + kR);
      std::vector<double> through(kC, 0.0), scores;
      for (int64_t n = 0; n < kN; ++n)
        for (int64_t c = 0; c < kC; ++c) through[static_cast<size_t>(c)] += double{q[n]} * k_up(h, n, c);
      for (int64_t l = 0; l <= cached_ + row; ++l) {
        double score = 0.0;
        for (int64_t c = 0; c < kC; ++c) score += through[static_cast<size_t>(c)] * latent(l, c);
        for (int64_t r = 0; r < kR; ++r) score += double{q[kN + r]} * latent(l, kC + r);
        scores.push_back(score);
      }
      const double max = *std::ranges::max_element(scores);
      double total = 0.0;
      std::vector<double> sums(kC, 0.0);
      for (size_t l = 0; l < scores.size(); ++l) {
        const double p = std::exp(scores[l] - max);
        total += p;
        for (int64_t c = 0; c < kC; ++c) sums[static_cast<size_t>(c)] += p * latent(static_cast<int64_t>(l), c);
      }
      for (int64_t v = 0; v < kV; ++v) {
        double value = 0.0;
        for (int64_t c = 0; c < kC; ++c)
          value += double{v_up_[static_cast<size_t>((h * kV + v) * kC + c)]} * sums[static_cast<size_t>(c)];
        out.push_back(value / total);
      }
    }
    return out;
  }

 private:
  double latent(int64_t l, int64_t c) const { return latents_[static_cast<size_t>(l * (kC + kR) + c)]; }
  double k_up(int64_t h, int64_t n, int64_t c) const { return k_up_[static_cast<size_t>((h * kN + n) * kC + c)]; }

  const Config config_ = small_config();
  Compute compute_;
  Workspace work_;
  LatentCache cache_;
  const int64_t cached_, rows_;
  std::vector<float> k_up_ = std::vector<float>(kH * kN * kC), v_up_ = std::vector<float>(kH * kV * kC);
  std::vector<float> latents_, scratch_ = std::vector<float>(LatentCache::kTokens * (kC + kR));
  std::vector<int32_t> table_;
  WeightArena arena_;
  Matrix v_packed_;
  std::unique_ptr<ExpandedAttention> attention_;
};

class ExpandedAttentionOn : public testing::TestWithParam<const OpTable*> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(ops().needs)) GTEST_SKIP() << ops().name << ": this processor lacks it";
    if (!ExpandedAttention::fits(small_config(), ops())) GTEST_SKIP() << ops().name << ": no 16-bit kernels";
  }
  const OpTable& ops() const { return *GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Isa, ExpandedAttentionOn,
                         testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                         [](const auto& test) { return std::string(test.param->name); });

// Around blocks of 256 keys and steps of 4,096.
TEST_P(ExpandedAttentionOn, AgreesWithTheDefinition) {
  const bool integers = find_attention_kernel(ops(), kC)->records == RecordKind::int16_per_256;
  const double bound = integers ? 2e-3 : 3e-2;
  for (const int64_t cached : {0, 1, 63, 250, 255, 256, 700, 4090, 4100})
    for (const int64_t rows : {1, 13, 300}) {
      Sequence sequence(ops(), cached, rows, 2);
      const std::vector<float> got = sequence.computed({rows});
      for (int64_t row = 0; row < rows; row += rows == 300 ? 23 : 1) {
        const std::vector<double> want = sequence.definition(row);
        double largest = 0.0, error = 0.0;
        for (size_t i = 0; i < want.size(); ++i) {
          const double difference = std::abs(double{got[static_cast<size_t>(row) * want.size() + i]} - want[i]);
          error = std::max(error, difference);
          largest = std::max(largest, std::abs(want[i]));
          ASSERT_TRUE(std::isfinite(difference));
        }
        EXPECT_LE(error, bound * largest) << cached << " cached, row " << row << " of " << rows;
      }
    }
}

TEST_P(ExpandedAttentionOn, ThreadsDoNotChangeABitAndChunksHardly) {
  const bool integers = find_attention_kernel(ops(), kC)->records == RecordKind::int16_per_256;
  for (const int64_t cached : {0, 300, 4000}) {
    const auto whole = Sequence(ops(), cached, 290, 1).computed({290});
    EXPECT_EQ(whole, Sequence(ops(), cached, 290, 8).computed({290}));  // more threads than heads
    const auto cut = Sequence(ops(), cached, 290, 1).computed({1, 12, 70, 207});
    if (!integers) {
      EXPECT_EQ(whole, cut);
    } else {
      for (size_t i = 0; i < whole.size(); ++i) ASSERT_NEAR(whole[i], cut[i], 2e-3f);
    }
  }
}

}  // namespace
}  // namespace sirocco
