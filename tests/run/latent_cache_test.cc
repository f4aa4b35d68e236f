// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/latent_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sirocco {
namespace {

constexpr int64_t kLatent = 24, kRope = 6, kRow = kLatent + kRope;

std::vector<float> random_row(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> row(kRow);
  for (size_t i = 0; i < row.size(); ++i) row[i] = normal(random) * (i < kLatent ? 1.0f : 20.0f);
  return row;
}

float largest(const float* x, int64_t size) {
  float most = 0.0f;
  for (int64_t i = 0; i < size; ++i) most = std::max(most, std::abs(x[i]));
  return most;
}

class Cache : public testing::TestWithParam<CacheType> {};

TEST_P(Cache, GivesRowsBack) {
  LatentCache cache(2, kLatent, kRope, GetParam());
  ASSERT_TRUE(cache.reserve(3));
  EXPECT_EQ(cache.page(1).size(), static_cast<size_t>(2 * 64 * cache.row_bytes()));
  for (int64_t slot = 0; slot < 5; ++slot)
    for (int64_t layer = 0; layer < 2; ++layer)
      cache.store(1, layer, slot, random_row(static_cast<unsigned>(10 * slot + layer)).data(), kScalarOps);
  std::vector<float> scratch(64 * kRow);
  for (int64_t layer = 0; layer < 2; ++layer) {
    const View<const float> rows = cache.load(1, layer, 5, scratch.data(), kScalarOps);
    for (int64_t slot = 0; slot < 5; ++slot) {
      const auto want = random_row(static_cast<unsigned>(10 * slot + layer));
      for (int64_t i = 0; i < kRow; ++i) {
        const float x = want[static_cast<size_t>(i)];
        const float part =
            i < kLatent ? largest(want.data(), kLatent) : largest(want.data() + kLatent, kRope);
        const float most = GetParam() == CacheType::f32    ? 0.0f
                           : GetParam() == CacheType::bf16 ? std::abs(x) / 256.0f
                                                           : part / 127.0f * 0.5001f;  // half a step
        EXPECT_NEAR(rows.at(slot, i), x, most);
      }
    }
  }
}

TEST_P(Cache, ZeroStaysZero) {
  LatentCache cache(1, kLatent, kRope, GetParam());
  ASSERT_TRUE(cache.reserve(1));
  const std::vector<float> zero(kRow, 0.0f);
  cache.store(0, 0, 63, zero.data(), kScalarOps);
  std::vector<float> scratch(64 * kRow);
  const View<const float> rows = cache.load(0, 0, 64, scratch.data(), kScalarOps);
  for (int64_t i = 0; i < kRow; ++i) EXPECT_EQ(rows.at(63, i), 0.0f);
}

INSTANTIATE_TEST_SUITE_P(Types, Cache, testing::Values(CacheType::bf16, CacheType::f32, CacheType::q8));

}  // namespace
}  // namespace sirocco
