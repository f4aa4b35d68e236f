// SPDX-License-Identifier: Apache-2.0
// Attention over packed keys and values against its definition in double, over odd sizes and head widths; the
// two-dimensional rotation against its formula; and blocks do not change a bit.
#include "run/cpu/vision_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "ops/select.h"
#include "run/cpu/vision_rope.h"

namespace sirocco {
namespace {

struct Case {
  int64_t patches, heads, dim;
};

std::vector<float> random_rows(int64_t rows, int64_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(static_cast<size_t>(rows * cols));
  for (float& value : out) value = 1.5f * normal(random);
  return out;
}

std::vector<double> expected(const Case& c, const std::vector<float>& q, const std::vector<float>& k,
                             const std::vector<float>& v) {
  std::vector<double> out(q.size(), 0.0);
  const auto at = [&](const std::vector<float>& x, int64_t t, int64_t h, int64_t i) {
    return static_cast<double>(x[static_cast<size_t>((t * c.heads + h) * c.dim + i)]);
  };
  for (int64_t h = 0; h < c.heads; ++h)
    for (int64_t t = 0; t < c.patches; ++t) {
      std::vector<double> weights;
      for (int64_t l = 0; l < c.patches; ++l) {
        double dot = 0.0;
        for (int64_t i = 0; i < c.dim; ++i) dot += at(q, t, h, i) * at(k, l, h, i);
        weights.push_back(dot / std::sqrt(static_cast<double>(c.dim)));
      }
      const double max = *std::max_element(weights.begin(), weights.end());
      double total = 0.0;
      for (double& w : weights) total += w = std::exp(w - max);
      for (int64_t l = 0; l < c.patches; ++l)
        for (int64_t i = 0; i < c.dim; ++i)
          out[static_cast<size_t>((t * c.heads + h) * c.dim + i)] +=
              weights[static_cast<size_t>(l)] / total * at(v, l, h, i);
    }
  return out;
}

// Stores `stored` patches at a time and attends with `block` of them.
std::vector<float> attend(const Case& c, const OpTable& ops, const PackedKernel* kernel, int64_t stored,
                          int64_t block, std::vector<float> q, const std::vector<float>& k,
                          const std::vector<float>& v) {
  Compute compute(ops, 2);
  const int64_t cols = c.heads * c.dim;
  VisionKeys keys(c.patches, c.heads, c.dim, kernel);
  for (int64_t first = 0; first < c.patches; first += stored) {
    const int64_t rows = std::min(stored, c.patches - first);
    keys.store(first, make_view(k.data() + first * cols, rows, cols),
               make_view(v.data() + first * cols, rows, cols), compute);
  }
  std::vector<float> out(q.size(), std::nanf(""));
  for (int64_t first = 0; first < c.patches; first += block) {
    const int64_t rows = std::min(block, c.patches - first);
    keys.attend(make_view(q.data() + first * cols, rows, cols),
                make_view(out.data() + first * cols, rows, cols), compute);
  }
  return out;
}

TEST(VisionAttention, IsTheSoftmaxOfAllPatches) {
  const CpuFeatures here = detect_cpu_features();
  for (const Case& c : {Case{1, 2, 64}, Case{4, 3, 12}, Case{17, 1, 64}, Case{130, 2, 32}, Case{301, 2, 64},
                        Case{777, 1, 64}, Case{48, 1, 288}}) {
    const auto q = random_rows(c.patches, c.heads * c.dim, 1);
    const auto k = random_rows(c.patches, c.heads * c.dim, 2);
    const auto v = random_rows(c.patches, c.heads * c.dim, 3);
    const std::vector<double> want = expected(c, q, k, v);
    for (const OpTable* ops : all_op_tables()) {
      if (!here.covers(ops->needs)) continue;
      const PackedKernel* bf16 = find_packed_kernel(*ops, DType::bf16, 32);
      const PackedKernel* integers = find_packed_kernel(*ops, DType::i16_packed, 32);
      for (const PackedKernel* kernel : {static_cast<const PackedKernel*>(nullptr), bf16, integers}) {
        // Values are of order 1; bf16 has 8 bits.
        const double tolerance = kernel == nullptr ? 1e-5 : kernel == integers ? 0.01 : 0.05;
        const auto whole = attend(c, *ops, kernel, 512, 480, q, k, v);
        for (size_t i = 0; i < want.size(); ++i)
          ASSERT_NEAR(whole[i], want[i], tolerance) << ops->name << " " << c.patches << " at " << i;
        EXPECT_EQ(whole, attend(c, *ops, kernel, 256, 48, q, k, v)) << ops->name << ": blocks change bits";
      }
    }
  }
}

TEST(VisionAttention, PackedErrorsAverageOut) {
  const auto ops = select_op_table(detect_cpu_features(), "");
  ASSERT_TRUE(ops);
  const PackedKernel* kernel = find_wide_kernel(**ops, 32);
  if (kernel == nullptr) GTEST_SKIP() << "no 16-bit kernels here";
  const Case c{400, 2, 64};
  const auto q = random_rows(c.patches, c.heads * c.dim, 4);
  const auto k = random_rows(c.patches, c.heads * c.dim, 5);
  const auto v = random_rows(c.patches, c.heads * c.dim, 6);
  const std::vector<double> want = expected(c, q, k, v);
  const auto got = attend(c, **ops, kernel, 512, 480, q, k, v);
  double error = 0.0, size = 0.0;
  for (size_t i = 0; i < want.size(); ++i) {
    error += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  EXPECT_LT(std::sqrt(error / size), 0.01);
}

TEST(VisionRope, RowsTurnByEvenFrequenciesAndColumnsByOddOnes) {
  const VisionConfig config{.hidden = 32, .layers = 1, .heads = 2, .width = 8, .rope_theta = 100.0};
  const int64_t dim = 16, height = 3, width = 5;
  for (const bool interleaved : {true, false}) {
    const VisionRope rope(config, interleaved, height, width);
    for (int64_t index = 0; index < height * width; ++index) {
      std::vector<float> x = random_rows(1, config.hidden, 7);
      const std::vector<float> before = x;
      rope.rotate(index, x.data());
      for (int64_t h = 0; h < config.heads; ++h)
        for (int64_t i = 0; i < dim / 2; ++i) {
          const bool row = i < dim / 4;
          const auto frequency = static_cast<double>(row ? 2 * i : 2 * (i - dim / 4) + 1);
          const double angle = static_cast<double>(row ? index / width : index % width) /
                               std::pow(100.0, 2.0 * frequency / static_cast<double>(dim));
          const auto a = static_cast<size_t>(h * dim + (interleaved ? 2 * i : i));
          const size_t b = interleaved ? a + 1 : a + static_cast<size_t>(dim / 2);
          EXPECT_NEAR(x[a], before[a] * std::cos(angle) - before[b] * std::sin(angle), 1e-5);
          EXPECT_NEAR(x[b], before[b] * std::cos(angle) + before[a] * std::sin(angle), 1e-5);
        }
    }
  }
}

}  // namespace
}  // namespace sirocco
