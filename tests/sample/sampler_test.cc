// SPDX-License-Identifier: Apache-2.0
#include "sample/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "naive_sampler.h"
#include "sample/random.h"

namespace sirocco {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> random_row(uint32_t seed, size_t n, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, spread);
  std::vector<float> row(n);
  for (float& x : row) x = normal(random);
  return row;
}

int32_t pick_once(const std::vector<float>& row, SamplingOptions options, uint64_t seed) {
  options.seed = seed;
  Sampler sampler(options, 0);
  return sampler.pick(row, {}).value_or(-1);
}

// Every token that comes out must be in the naive support, and about as often as its probability says.
void expect_distribution(const std::vector<float>& row, const SamplingOptions& options, int draws) {
  const naive::Row logits(row.begin(), row.end());
  naive::Row expected = naive::distribution(logits, options, false);
  if (options.xtc_probability > 0.0) {
    const naive::Row struck = naive::distribution(logits, options, true);
    for (size_t t = 0; t < expected.size(); ++t)
      expected[t] += options.xtc_probability * (struck[t] - expected[t]);
  }
  std::vector<int> seen(row.size(), 0);
  for (int i = 0; i < draws; ++i) {
    const int32_t token = pick_once(row, options, static_cast<uint64_t>(i));
    ASSERT_GE(token, 0);
    ASSERT_GT(expected[static_cast<size_t>(token)], 0.0) << "token " << token << " is outside the support";
    ++seen[static_cast<size_t>(token)];
  }
  for (size_t t = 0; t < row.size(); ++t) {
    const double mean = expected[t] * draws;
    EXPECT_NEAR(seen[t], mean, 6.0 * std::sqrt(mean) + 3.0) << "token " << t;
  }
}

struct Case {
  const char* name;
  SamplingOptions options;
};

SamplingOptions with(void (*set)(SamplingOptions&)) {
  SamplingOptions options;
  set(options);
  return options;
}

const std::vector<Case> kCases = {
    {"plain", {}},
    {"cold", with([](auto& o) { o.temperature = 0.3; })},
    {"hot", with([](auto& o) { o.temperature = 2.5; })},
    {"top_k", with([](auto& o) { o.top_k = 7; })},
    {"top_k_beyond", with([](auto& o) { o.top_k = 100000; })},
    {"top_p", with([](auto& o) { o.top_p = 0.8; })},
    {"top_p_tiny", with([](auto& o) { o.top_p = 1e-6; })},
    {"top_p_cold", with([](auto& o) { o.top_p = 0.9, o.temperature = 0.5; })},
    {"top_k_top_p", with([](auto& o) { o.top_k = 12, o.top_p = 0.7; })},
    {"min_p", with([](auto& o) { o.min_p = 0.1; })},
    {"min_p_hot", with([](auto& o) { o.min_p = 0.05, o.temperature = 1.7; })},
    {"top_p_min_p", with([](auto& o) { o.top_p = 0.9, o.min_p = 0.08; })},
    {"sigma", with([](auto& o) { o.top_n_sigma = 1.0; })},
    {"sigma_top_p", with([](auto& o) { o.top_n_sigma = 1.5, o.top_p = 0.6; })},
    {"typical", with([](auto& o) { o.typical_p = 0.5; })},
    {"typical_top_k", with([](auto& o) { o.typical_p = 0.6, o.top_k = 20; })},
    {"xtc", with([](auto& o) { o.xtc_probability = 0.5, o.xtc_threshold = 0.1; })},
    {"xtc_always", with([](auto& o) { o.xtc_probability = 1.0, o.xtc_threshold = 0.05; })},
    {"last", with([](auto& o) { o.temperature_last = true, o.temperature = 2.0; })},
    {"last_top_p", with([](auto& o) { o.temperature_last = true, o.temperature = 3.0, o.top_p = 0.9; })},
    {"last_min_p", with([](auto& o) { o.temperature_last = true, o.temperature = 3.0, o.min_p = 0.1; })},
    {"last_cold_xtc", with([](auto& o) {
       o.temperature_last = true, o.temperature = 0.02, o.xtc_probability = 1.0, o.xtc_threshold = 0.05;
     })},
    {"last_all", with([](auto& o) {
       o.temperature_last = true, o.temperature = 1.6, o.top_n_sigma = 2.0, o.top_k = 30, o.top_p = 0.95;
       o.typical_p = 0.9;
     })},
    {"everything", with([](auto& o) {
       o.temperature = 0.9, o.top_n_sigma = 2.0, o.top_k = 40, o.top_p = 0.95, o.min_p = 0.02,
       o.typical_p = 0.9;
       o.xtc_probability = 0.3, o.xtc_threshold = 0.15;
     })},
};

TEST(Sampler, FollowsTheNaiveDistribution) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    for (uint32_t seed = 1; seed <= 3; ++seed)
      expect_distribution(random_row(seed, 60, 2.0F), c.options, 4000);
  }
}

TEST(Sampler, FollowsTheNaiveDistributionOverWideRows) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const auto row = random_row(9, 3000, 3.0F);
    const naive::Row logits(row.begin(), row.end());
    const naive::Row calm = naive::distribution(logits, c.options, false);
    const naive::Row struck = naive::distribution(logits, c.options, c.options.xtc_probability > 0.0);
    for (uint64_t i = 0; i < 300; ++i) {
      const auto token = static_cast<size_t>(pick_once(row, c.options, i));
      EXPECT_TRUE(calm[token] > 0.0 || struck[token] > 0.0);
    }
  }
}

TEST(Sampler, TemperatureZeroTakesTheLowestIdOnATie) {
  const std::vector<float> row = {1.0F, 3.0F, -2.0F, 3.0F};
  EXPECT_EQ(pick_once(row, with([](auto& o) { o.temperature = 0.0; }), 5), 1);
  EXPECT_EQ(pick_once(row, with([](auto& o) { o.top_k = 1; }), 5), 1);
}

TEST(Sampler, TheSameSeedGivesTheSameTokens) {
  const auto row = random_row(3, 500, 1.0F);
  SamplingOptions options;
  options.seed = 42;
  std::vector<int32_t> runs[3];
  for (int run = 0; run < 3; ++run) {
    Sampler sampler(options, run == 2 ? 1 : 0);  // the third is another choice of the same request
    for (int i = 0; i < 50; ++i) {
      runs[run].push_back(*sampler.pick(row, {}));
      sampler.accept(runs[run].back());
    }
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

TEST(Sampler, ConstraintsBindAtAnyTemperature) {
  const auto row = random_row(4, 100, 2.0F);
  std::vector<uint32_t> allowed(4, 0);
  allowed[1] = 1U << 5 | 1U << 9;  // tokens 37 and 41
  for (const double temperature : {0.0, 0.5, 5.0})
    for (uint64_t seed = 0; seed < 50; ++seed) {
      SamplingOptions options;
      options.temperature = temperature;
      options.seed = seed;
      Sampler sampler(options, 0);
      const auto token = sampler.pick(row, {{}, allowed});
      EXPECT_TRUE(token == 37 || token == 41);
      const int32_t banned[] = {37};
      EXPECT_EQ(sampler.pick(row, {banned, allowed}), 41);
      const int32_t both[] = {37, 41};
      EXPECT_EQ(sampler.pick(row, {both, allowed}), std::nullopt);
    }
}

TEST(Sampler, GreedyTakesTheLargestThatIsPermitted) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    auto row = random_row(static_cast<uint32_t>(round), 100, 2.0F);
    for (float& x : row) x = std::round(x);  // ties
    std::vector<uint32_t> allowed;
    if (round % 2 == 0)
      for (int word = 0; word < 4; ++word) allowed.push_back(static_cast<uint32_t>(random() & random()));
    std::vector<int32_t> banned;
    for (size_t i = 0; i < random() % 4; ++i) banned.push_back(static_cast<int32_t>(random() % 100));
    int32_t expected = -1;
    for (int32_t t = 0; t < 100; ++t) {
      const bool permitted = allowed.empty() || (allowed[static_cast<size_t>(t) / 32] >> (t % 32) & 1U) != 0;
      if (!permitted || std::ranges::find(banned, t) != banned.end()) continue;
      if (expected < 0 || row[static_cast<size_t>(t)] > row[static_cast<size_t>(expected)]) expected = t;
    }
    SamplingOptions options;
    options.temperature = 0.0;
    Sampler sampler(options, 0);
    EXPECT_EQ(sampler.pick(row, {banned, allowed}).value_or(-1), expected);
  }
}

TEST(Sampler, PenaltiesFollowTheirFormulas) {
  SamplingOptions options;
  options.temperature = 0.0;
  options.repetition_penalty = 2.0;
  Sampler repetition(options, 0);
  const int32_t prompt[] = {0, 2};
  repetition.see_prompt(prompt);
  EXPECT_EQ(repetition.pick(std::vector<float>{3.9F, 2.0F, -1.0F}, {}), 1);    // 1.95, 2, −2
  EXPECT_EQ(repetition.pick(std::vector<float>{4.1F, 2.0F, -1.0F}, {}), 0);    // 2.05
  EXPECT_EQ(repetition.pick(std::vector<float>{-3.0F, -1.9F, -1.0F}, {}), 1);  // −6, −1.9, −2

  options = {};
  options.temperature = 0.0;
  options.presence_penalty = 0.5;
  options.frequency_penalty = 0.25;
  Sampler counts(options, 0);
  counts.see_prompt(prompt);  // the prompt does not count
  EXPECT_EQ(counts.pick(std::vector<float>{1.0F, 0.9F, 0.0F}, {}), 0);
  counts.accept(0);
  EXPECT_EQ(counts.pick(std::vector<float>{1.0F, 0.3F, 0.0F}, {}), 1);  // 1 − 0.75 < 0.3
  EXPECT_EQ(counts.pick(std::vector<float>{1.0F, 0.2F, 0.0F}, {}), 0);
  counts.accept(0);
  EXPECT_EQ(counts.pick(std::vector<float>{1.0F, 0.2F, 0.0F}, {}), 1);  // 1 − 1 < 0.2
}

TEST(Sampler, TheRepetitionWindowForgets) {
  SamplingOptions options;
  options.temperature = 0.0;
  options.repetition_penalty = 2.0;
  options.repetition_last_tokens = 2;
  Sampler sampler(options, 0);
  const std::vector<float> row = {4.0F, 3.0F, 2.5F, 2.4F};
  std::vector<int32_t> picked;
  for (int i = 0; i < 6; ++i) {
    picked.push_back(*sampler.pick(row, {}));
    sampler.accept(picked.back());
  }
  EXPECT_EQ(picked, (std::vector<int32_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Sampler, NumbersThatAreNoneAreNeverTaken) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(pick_once({nan, -kInfinity, 2.0F, nan}, c.options, 1), 2);
    EXPECT_EQ(pick_once({nan, -kInfinity}, c.options, 1), -1);
    EXPECT_EQ(pick_once({0.0F, kInfinity}, c.options, 1), 1);
  }
}

TEST(Sampler, RefusesOptionsByName) {
  const auto message = [](void (*set)(SamplingOptions&)) {
    auto result = check_sampling(with(set), 100);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(message([](auto&) {}), "");
  EXPECT_EQ(message([](auto& o) { o.top_p = 1.5; }), "top_p: 1.5, expected 1e-09 to 1");
  EXPECT_NE(message([](auto& o) { o.temperature = -1.0; }).find("temperature"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.temperature = std::nan(""); }).find("temperature"), std::string::npos);
  EXPECT_NE(message([](auto& o) { o.logit_bias = {{100, 1.0F}}; }).find("logit_bias"), std::string::npos);
}

TEST(Random, IsUniformAndDependsOnEveryWord) {
  std::map<double, int> seen;
  double sum = 0.0;
  int n = 0;
  for (uint64_t seed = 0; seed < 20; ++seed)
    for (uint64_t stream = 0; stream < 20; ++stream)
      for (uint64_t counter = 0; counter < 20; ++counter, ++n) {
        const double u = uniform_draw(seed, stream, counter);
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        sum += u;
        ++seen[u];
      }
  EXPECT_EQ(seen.size(), static_cast<size_t>(n));
  EXPECT_NEAR(sum / n, 0.5, 0.02);
}

}  // namespace
}  // namespace sirocco
