// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "sample/dry.h"
#include "sample/exp_sum.h"
#include "sample/logprobs.h"
#include "sample/penalties.h"

namespace sirocco {
namespace {

TEST(ExpSum, AgreesWithTheLibrary) {
  std::vector<float> x, e(20001);
  for (int i = 0; i <= 20000; ++i) x.push_back(-static_cast<float>(i) * 0.00434F);  // down to −86.8
  double expected = 0.0;
  const double sum = exp_all(x, 0.0F, 1.0F, e);
  for (size_t i = 0; i < x.size(); ++i) {
    const double truth = std::exp(static_cast<double>(x[i]));
    expected += truth;
    EXPECT_NEAR(e[i], truth, 3e-7 * truth) << x[i];
  }
  EXPECT_NEAR(sum, expected, 3e-7 * expected);
  EXPECT_EQ(exp_sum(x, 0.0F, 1.0F), sum);
}

TEST(ExpSum, VanishesWhereItMust) {
  const std::vector<float> x = {1.0F, -200.0F, -std::numeric_limits<float>::infinity(), std::nanf("")};
  std::vector<float> e(4);
  EXPECT_EQ(exp_all(x, 1.0F, 1.0F, e), 1.0);
  EXPECT_EQ(e, (std::vector<float>{1.0F, 0.0F, 0.0F, 0.0F}));
  EXPECT_EQ(max_of(x), 1.0F);
}

TEST(Penalties, MaskBansWhatIsNotAllowed) {
  std::vector<float> row(70, 1.0F);
  std::vector<uint32_t> allowed = {~0U, 1U, 1U << 5};
  apply_mask(row, allowed);
  for (size_t t = 0; t < row.size(); ++t) EXPECT_EQ(std::isfinite(row[t]), t < 32 || t == 32 || t == 69) << t;
}

TEST(Penalties, BiasAndBansIgnoreIdsOutside) {
  std::vector<float> row(3, 1.0F);
  const std::pair<int32_t, float> bias[] = {{1, 2.5F}, {-1, 9.0F}, {3, 9.0F}};
  const int32_t banned[] = {2, 77, -5};
  add_bias(row, bias);
  ban(row, banned);
  EXPECT_EQ(row[0], 1.0F);
  EXPECT_EQ(row[1], 3.5F);
  EXPECT_EQ(row[2], -std::numeric_limits<float>::infinity());
}

// By the definition: for every earlier occurrence of t, the suffix that also stands right before it.
std::unordered_map<int32_t, int64_t> naive_runs(const std::vector<int32_t>& history, int64_t longest) {
  std::unordered_map<int32_t, int64_t> runs;
  const auto n = static_cast<int64_t>(history.size());
  for (int64_t at = 1; at < n; ++at) {
    int64_t length = 0;
    while (length < longest && at - 1 - length >= 0 &&
           history[static_cast<size_t>(at - 1 - length)] == history[static_cast<size_t>(n - 1 - length)])
      ++length;
    if (length > 0)
      runs[history[static_cast<size_t>(at)]] = std::max(runs[history[static_cast<size_t>(at)]], length);
  }
  return runs;
}

TEST(Dry, RunsAgreeWithTheDefinition) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int32_t> history(random() % 40);
    for (int32_t& token : history) token = static_cast<int32_t>(random() % 3);
    const auto longest = static_cast<int64_t>(random() % 12);
    EXPECT_EQ(repeated_runs(history, longest), naive_runs(history, longest));
  }
}

TEST(Dry, PenalisesExponentially) {
  const std::vector<int32_t> history = {1, 2, 3, 9, 1, 2, 3};  // 9 would prolong a run of three
  std::vector<float> row(12, 0.0F);
  DryOptions options{.multiplier = 0.8, .base = 2.0, .allowed_length = 2, .last_tokens = -1,
                     .breaker_tokens = {}, .breakers = {}};
  penalise_runs(row, history, options);
  EXPECT_FLOAT_EQ(row[9], -1.6F);  // 0.8 · 2^(3 − 2)
  EXPECT_EQ(row[1], 0.0F);

  std::vector<float> broken(12, 0.0F);
  options.breakers = {{7}, {1, 2}};  // the run may not reach back over "1 2": its length is 1
  penalise_runs(broken, history, options);
  EXPECT_EQ(broken[9], 0.0F);

  std::vector<float> parted(12, 0.0F);
  options.breakers.clear();
  options.breaker_tokens = {2, 7};  // likewise, back to the 3
  penalise_runs(parted, history, options);
  EXPECT_EQ(parted[9], 0.0F);

  std::vector<float> windowed(12, 0.0F);
  options.breaker_tokens.clear();
  options.last_tokens = 4;  // the first run is out of sight
  penalise_runs(windowed, history, options);
  EXPECT_EQ(windowed[9], 0.0F);
}

TEST(Logprobs, AgreeWithLogSoftmax) {
  const std::vector<float> row = {1.0F, 3.0F, 3.0F, -2.0F};
  const double total = std::log(std::exp(1.0) + 2.0 * std::exp(3.0) + std::exp(-2.0));
  const auto result = log_probabilities(row, 3, 3);
  EXPECT_EQ(result.chosen.token, 3);
  EXPECT_NEAR(result.chosen.logprob, -2.0 - total, 1e-6);
  ASSERT_EQ(result.top.size(), 3u);
  EXPECT_EQ(result.top[0].token, 1);  // lower id first
  EXPECT_EQ(result.top[1].token, 2);
  EXPECT_EQ(result.top[2].token, 0);
  EXPECT_NEAR(result.top[0].logprob, 3.0 - total, 1e-6);
}

TEST(Logprobs, HashChangesWithAnyBit) {
  std::vector<float> row(100, 0.5F);
  const uint64_t before = hash_of_row(row);
  row[57] = std::nextafter(0.5F, 1.0F);
  EXPECT_NE(hash_of_row(row), before);
}

}  // namespace
}  // namespace sirocco
