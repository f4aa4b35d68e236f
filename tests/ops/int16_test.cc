// SPDX-License-Identifier: Apache-2.0
// Kernels of 16-bit integers against the plain sum over the numbers that were packed, for every tile size. Two
// rounded rows differ from the exact product by some 1e-5 of |w| |x|.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ops/pack.h"
#include "ops/packed.h"
#include "ops/select.h"

namespace sirocco {
namespace {

constexpr double kTolerance = 8e-5;

class Int16 : public testing::TestWithParam<const OpTable*> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(GetParam()->needs))
      GTEST_SKIP() << GetParam()->name << ": this processor lacks it";
    if (GetParam()->int16_kernels == nullptr) GTEST_SKIP() << GetParam()->name << ": no int16 kernels";
  }
  const PackedKernel& kernel() const { return *table.int16_kernels->kernels; }
  // [tokens, strip rows]: one strip of `rows` (up to 16) rows times every row of x.
  std::vector<float> product(View<const float> w, View<const float> x) const;
  const OpTable& table = *GetParam();
};

std::vector<float> Int16::product(View<const float> w, View<const float> x) const {
  const auto tokens = static_cast<int>(x.rows);
  const int64_t cols = w.cols, blocks = (cols + kRecordColumns - 1) / kRecordColumns;
  std::vector<std::byte> strip(static_cast<size_t>(packed_strip_bytes(DType::i16_packed, cols)));
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t begin = kRecordColumns * b, here = std::min<int64_t>(kRecordColumns, cols - begin);
    pack_floats(table, DType::i16_packed, w.slice_cols(begin, here), b, cols, strip.data());
  }
  std::vector<Int16Record> records(static_cast<size_t>(blocks * tokens));
  for (int64_t t = 0; t < tokens; ++t)
    table.int16_kernels->to_int16(x.row(t), cols, records.data() + t, tokens);
  std::vector<float> y(static_cast<size_t>(tokens * kStripRows), -1.0f);
  const WeightView shape{.dtype = DType::i16_packed, .rows = w.rows, .cols = cols, .scale = 0.5f};
  find_packed_kernel(table, DType::i16_packed, cols)
      ->multiply(packed_strip(shape, 0, strip.data()), records.data(), tokens, y.data(), kStripRows);
  return y;
}

std::vector<float> normals(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(static_cast<size_t>(count));
  for (auto& value : out) value = normal(random);
  return out;
}

TEST_P(Int16, KernelsFollowTheSum) {
  for (const int64_t cols : {32, 64, 96, 256, 288, 512, 768, 4096})
    for (int tokens = 1; tokens <= kernel().most_tokens; ++tokens) {
      if (!kernel().takes(tokens)) continue;
      const int64_t rows = tokens % 2 == 0 ? 16 : 5;
      const auto weights = normals(rows * cols + 1, static_cast<unsigned>(cols));
      const auto input = normals(tokens * cols + 1, 9);
      const View<const float> w = make_view(weights.data() + 1, rows, cols);  // off every alignment
      const View<const float> x = make_view(input.data() + 1, tokens, cols);
      const auto y = product(w, x);
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t r = 0; r < kStripRows; ++r) {
          const float got = y[static_cast<size_t>(t * kStripRows + r)];
          if (r >= rows) {
            ASSERT_EQ(got, -1.0f);
            continue;
          }
          double sum = 0.0, ww = 0.0, xx = 0.0;
          for (int64_t k = 0; k < cols; ++k) {
            const auto a = static_cast<double>(w.at(r, k)), b = static_cast<double>(x.at(t, k));
            sum += a * b;
            ww += a * a;
            xx += b * b;
          }
          ASSERT_NEAR(got, 0.5 * sum, kTolerance * 0.5 * std::sqrt(ww * xx))
              << cols << " columns, " << tokens << " tokens, row " << r;
        }
    }
}

// Rows whose sums are the largest that norms allow, and rows of which one number is all.
TEST_P(Int16, ExtremeRowsDoNotOverflow) {
  constexpr int64_t kCols = 512;
  std::vector<float> rows(4 * kCols, 0.0f);
  std::fill_n(rows.begin(), kCols, 3e4f);
  std::fill_n(rows.begin() + kCols, kCols, -1e-4f);
  rows[2 * kCols + 7] = 1e6f;
  const View<const float> x = make_view<const float>(rows.data(), 4, kCols);  // the last is zero
  const auto y = product(x, x);
  for (int64_t t = 0; t < 4; ++t)
    for (int64_t r = 0; r < 4; ++r) {
      double sum = 0.0;
      for (int64_t k = 0; k < kCols; ++k)
        sum += 0.5 * static_cast<double>(x.at(r, k)) * static_cast<double>(x.at(t, k));
      EXPECT_NEAR(y[static_cast<size_t>(t * kStripRows + r)], sum, 1e-4 * std::abs(sum)) << t << " " << r;
    }
}

TEST_P(Int16, ARowDoesNotDependOnItsTile) {
  constexpr int64_t kCols = 800;
  const auto weights = normals(16 * kCols, 1), input = normals(kLargestTile * kCols, 2);
  const View<const float> w = make_view(weights.data(), 16, kCols), x = make_view(input.data(), kLargestTile, kCols);
  const auto alone = product(w, x.slice_rows(0, 1));
  for (int tokens = 2; tokens <= kernel().most_tokens; ++tokens) {
    if (!kernel().takes(tokens)) continue;
    const auto together = product(w, x.slice_rows(0, tokens));
    for (size_t r = 0; r < kStripRows; ++r) ASSERT_EQ(together[r], alone[r]) << tokens;
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Int16, testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace sirocco
