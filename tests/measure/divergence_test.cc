// SPDX-License-Identifier: Apache-2.0
// Means, errors, percentiles and divergence against numpy (reference/measure_goldens.py).
#include "measure/divergence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/file.h"
#include "base/json.h"
#include "measure/log_softmax.h"

namespace sirocco {
namespace {

constexpr double kTolerance = 1e-12;

void expect_mean(const RunningMean& mean, const Json& golden) {
  EXPECT_NEAR(mean.mean(), golden["mean"].get<double>(), kTolerance);
  EXPECT_NEAR(mean.standard_error(), golden["error"].get<double>(), kTolerance);
}

TEST(Divergence, IsWhatNumpySays) {
  const auto text =
      read_file(std::string(SIROCCO_SOURCE_DIR) + "/tests/golden/measure/divergence.json", 1 << 20);
  ASSERT_TRUE(text);
  const auto golden = parse_json(*text, "divergence.json");
  ASSERT_TRUE(golden);
  const Json& g = *golden;
  Divergence divergence;
  RunningMean loss;
  std::vector<double> base, run;
  for (size_t i = 0; i < g["targets"].size(); ++i) {
    ASSERT_TRUE(log_softmax(g["base"][i].get<std::vector<float>>(), base));
    ASSERT_TRUE(log_softmax(g["run"][i].get<std::vector<float>>(), run));
    const auto target = g["targets"][i].get<int32_t>();
    divergence.add(base, run, target);
    loss.add(-run[static_cast<size_t>(target)]);
  }
  expect_mean(loss, g["loss"]);
  expect_mean(divergence.base_loss(), g["base_loss"]);
  expect_mean(divergence.kl(), g["kl"]);
  expect_mean(divergence.same_top(), g["same_top"]);
  expect_mean(divergence.log_ratio(), g["log_ratio"]);
  EXPECT_NEAR(divergence.probability_rms(), g["probability_rms"].get<double>(), kTolerance);
  for (const Json& percentile : g["percentiles"])
    EXPECT_NEAR(divergence.kl_percentile(percentile[0].get<double>()), percentile[1].get<double>(),
                kTolerance);
}

TEST(Divergence, OfARunFromItselfIsZero) {
  std::vector<double> row;
  ASSERT_TRUE(log_softmax(std::vector<float>{1.5f, -2.0f, 80.0f, 3.25f}, row));
  Divergence divergence;
  divergence.add(row, row, 1);
  EXPECT_EQ(divergence.kl().mean(), 0.0);
  EXPECT_EQ(divergence.same_top().mean(), 1.0);
  EXPECT_EQ(divergence.log_ratio().mean(), 0.0);
}

TEST(LogSoftmax, RefusesWhatIsNotFinite) {
  std::vector<double> row;
  EXPECT_FALSE(log_softmax(std::vector<float>{0.0f, std::numeric_limits<float>::infinity()}, row));
  EXPECT_FALSE(log_softmax(std::vector<float>{std::nanf(""), 1.0f}, row));
  EXPECT_TRUE(log_softmax(std::vector<float>{3e38f, -3e38f}, row));
}

}  // namespace
}  // namespace sirocco
