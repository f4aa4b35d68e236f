// SPDX-License-Identifier: Apache-2.0
// Every table against the scalar one over lengths and misalignments. A table whose instructions this machine
// lacks is skipped by name.
#include "ops/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ops/select.h"

namespace sirocco {
namespace {

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();  // behind every operand: must not be read

// `size` random floats that begin `shift` floats into their allocation, with poison on both sides.
struct Operand {
  Operand(int64_t size, int shift, unsigned seed) : store(static_cast<size_t>(size + shift + 32), kPoison) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    data = store.data() + shift;
    for (int64_t i = 0; i < size; ++i) data[i] = normal(random);
  }
  std::vector<float> store;
  float* data;
};

class Tables : public testing::TestWithParam<const OpTable*> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(GetParam()->needs))
      GTEST_SKIP() << GetParam()->name << ": this processor lacks it";
  }
  const OpTable& table = *GetParam();
};

TEST_P(Tables, ProductFollowsTheDefinition) {
  for (int64_t size = 0; size <= 70; ++size)
    for (int shift = 0; shift < 3; ++shift) {
      const int64_t T = 1 + size % 9, R = 1 + size % 7, stride = size + shift;
      Operand x(T * stride, shift, 1), w(R * stride, 2 * shift, 2);
      std::vector<float> got(static_cast<size_t>(T * R)), want(got);
      const View<const float> xv{x.data, T, size, stride}, wv{w.data, R, size, stride};
      table.product(xv, wv, make_view(got.data(), T, R));
      kScalarOps.product(xv, wv, make_view(want.data(), T, R));
      for (size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], want[i], 1e-5f * (1.0f + std::abs(want[i]))) << size << " " << shift;
    }
}

TEST_P(Tables, ProductOfARowDoesNotDependOnItsCompany) {
  Operand x(11 * 100, 1, 3), w(8 * 100, 0, 4);
  std::vector<float> together(11 * 8), alone(8);
  const View<const float> xv{x.data, 11, 100, 100}, wv{w.data, 8, 100, 100};
  table.product(xv, wv, make_view(together.data(), 11, 8));
  for (int64_t t = 0; t < 11; ++t) {
    table.product(xv.slice_rows(t, 1), wv, make_view(alone.data(), 1, 8));
    for (size_t r = 0; r < 8; ++r) ASSERT_EQ(together[static_cast<size_t>(t) * 8 + r], alone[r]);
  }
}

TEST_P(Tables, AccumulateFollowsTheDefinition) {
  for (int64_t C = 1; C <= 40; ++C) {
    const int64_t T = 1 + C % 11, L = 1 + C % 5;
    Operand p(T * L, 1, 5), v(L * C, 2, 6), got(T * C, 3, 7);
    std::vector<float> want(got.data, got.data + T * C);
    table.accumulate(make_view<const float>(p.data, T, L), make_view<const float>(v.data, L, C),
                     make_view(got.data, T, C));
    kScalarOps.accumulate(make_view<const float>(p.data, T, L), make_view<const float>(v.data, L, C),
                          make_view(want.data(), T, C));
    for (int64_t i = 0; i < T * C; ++i)
      ASSERT_NEAR(got.data[i], want[static_cast<size_t>(i)], 1e-5f) << C << " " << i;
    ASSERT_TRUE(std::isnan(got.data[T * C]));  // nothing written behind the end
  }
}

TEST_P(Tables, LargestFollowsTheDefinition) {
  for (int64_t size = 1; size <= 70; ++size)
    for (int64_t at = 0; at < size; ++at) {
      Operand x(size, static_cast<int>(at % 3), 14);
      ASSERT_EQ(table.largest(x.data, size), kScalarOps.largest(x.data, size));
      x.data[at] = 9.0f;
      ASSERT_EQ(table.largest(x.data, size), 9.0f) << size << " " << at;
    }
}

TEST_P(Tables, VectorKernelsFollowTheDefinition) {
  for (int64_t size = 1; size <= 50; ++size)
    for (int shift = 0; shift < 2; ++shift) {
      Operand x(size, shift, 8), w(size, 2 * shift, 9), y(size, 3 * shift, 10);
      std::vector<float> want(static_cast<size_t>(size));
      const auto expect_equal = [&](const char* what) {
        for (int64_t i = 0; i < size; ++i) {
          const float expected = want[static_cast<size_t>(i)];
          ASSERT_NEAR(y.data[i], expected, 2e-6f * (1.0f + std::abs(expected))) << what << " " << size;
        }
        ASSERT_TRUE(std::isnan(y.data[size])) << what;
      };
      table.rms_norm(x.data, w.data, size, 1e-6f, y.data);
      kScalarOps.rms_norm(x.data, w.data, size, 1e-6f, want.data());
      expect_equal("rms_norm");
      for (int64_t i = 0; i < size; ++i) x.data[i] *= 30.0f;
      table.swiglu(x.data, w.data, size, y.data);
      kScalarOps.swiglu(x.data, w.data, size, want.data());
      expect_equal("swiglu");
      for (int64_t i = 0; i < size; ++i)
        y.data[i] = want[static_cast<size_t>(i)] = i % 5 == 4 ? -INFINITY : -std::abs(x.data[i]);
      const float sum = table.exp_minus(y.data, size, 0.5f);
      EXPECT_NEAR(sum, kScalarOps.exp_minus(want.data(), size, 0.5f), 1e-5f);
      expect_equal("exp_minus");
    }
}

TEST_P(Tables, Bf16IsBitExact) {
  std::vector<float> x;
  for (uint32_t high = 0; high < 0x10000; high += 37)
    for (const uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      x.push_back(__builtin_bit_cast(float, high << 16 | low));
  const auto size = static_cast<int64_t>(x.size());
  std::vector<uint16_t> got(x.size()), want(x.size());
  table.f32_to_bf16(x.data(), size, got.data());
  kScalarOps.f32_to_bf16(x.data(), size, want.data());
  EXPECT_EQ(got, want);
  std::vector<float> wide(x.size()), expected(x.size());
  table.bf16_to_f32(got.data(), size, wide.data());
  kScalarOps.bf16_to_f32(want.data(), size, expected.data());
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(__builtin_bit_cast(uint32_t, wide[i]), __builtin_bit_cast(uint32_t, expected[i]));
}

INSTANTIATE_TEST_SUITE_P(Isa, Tables, testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                         [](const auto& test) { return std::string(test.param->name); });

TEST(SelectOpTable, TakesTheBestAndHonoursForce) {
  const CpuFeatures none;
  EXPECT_STREQ((*select_op_table(none, ""))->name, "scalar");
  EXPECT_FALSE(select_op_table(none, "avx512").has_value());
  EXPECT_FALSE(select_op_table(detect_cpu_features(), "sse9").has_value());
  EXPECT_STREQ((*select_op_table(detect_cpu_features(), "scalar"))->name, "scalar");
  if (all_op_tables().size() > 1) {
    EXPECT_NE(describe_op_tables(none, kScalarOps).find("lacks"), std::string::npos);
  }
#if defined(__x86_64__)
  CpuFeatures all{.avx2 = true, .avx512 = true, .avx512_vnni = true, .avx512_bf16 = true};
  EXPECT_STREQ((*select_op_table(all, ""))->name, "avx512_bf16");
  all.slow_bf16_dot = true;
  EXPECT_STREQ((*select_op_table(all, ""))->name, "avx512_vnni");
  EXPECT_STREQ((*select_op_table(all, "avx512_bf16"))->name, "avx512_bf16");
#endif
}

}  // namespace
}  // namespace sirocco
