// SPDX-License-Identifier: Apache-2.0
// Latent attention kernels against softmax in float64, over key counts, heads and shapes, in runs that are
// merged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "ops/select.h"
#include "tensor/float_bits.h"

namespace sirocco {
namespace {

struct Problem {
  Problem(int head_count, int key_count, int64_t latent_cols, int64_t rope_cols, float sharpness)
      : heads(head_count), count(key_count), latent(latent_cols), width(latent_cols + rope_cols) {
    std::mt19937 random(static_cast<unsigned>(key_count * 31 + head_count));
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < heads * width; ++i) queries.push_back(normal(random) * sharpness);
    for (int64_t l = 0; l < count; ++l) {
      const float size = std::exp(normal(random));  // rows differ in length
      for (int64_t k = 0; k < width; ++k) keys.push_back(bf16_from_f32(normal(random) * size));
    }
  }
  float key(int64_t l, int64_t k) const { return f32_from_bf16(keys[static_cast<size_t>(l * width + k)]); }

  // [heads, latent]; and the largest output of a head, which errors are measured by.
  std::vector<double> definition() const {
    std::vector<double> out;
    for (int h = 0; h < heads; ++h) {
      std::vector<double> p;
      for (int64_t l = 0; l < count; ++l) {
        double score = 0.0;
        for (int64_t k = 0; k < width; ++k)
          score += double{queries[static_cast<size_t>(h * width + k)]} * double{key(l, k)};
        p.push_back(score);
      }
      const double max = *std::max_element(p.begin(), p.end());
      double total = 0.0;
      for (double& x : p) total += x = std::exp(x - max);
      for (int64_t c = 0; c < latent; ++c) {
        double sum = 0.0;
        for (int64_t l = 0; l < count; ++l) sum += p[static_cast<size_t>(l)] * double{key(l, c)};
        out.push_back(sum / total);
      }
    }
    return out;
  }

  int heads, count;
  int64_t latent, width;
  std::vector<float> queries;
  std::vector<uint16_t> keys;
};

// The same by kernels, in runs of `run` keys. A tile is loaded with more keys than are used where there are
// more.
std::vector<float> computed(const LatentKernels& kernels, const Problem& p, int run, int more = 0,
                            const std::vector<uint8_t>& q8 = {}) {
  auto queries = std::make_unique<LatentQueries>();
  auto tiles = std::make_unique<LatentTile[]>(kRunTiles);
  auto total = std::make_unique<LatentPartial>(), next = std::make_unique<LatentPartial>();
  std::memset(queries.get(), 0, sizeof *queries);
  std::memset(static_cast<void*>(tiles.get()), 0xff, kRunTiles * sizeof(LatentTile));
  for (int h = 0; h < p.heads; ++h)
    kernels.load_query(p.queries.data() + h * p.width, p.width, h, queries.get());
  std::vector<uint16_t> keys = p.keys;
  keys.resize(keys.size() + static_cast<size_t>(kKeyTile * p.width),
              0x4049);  // what lies behind the last key
  for (int begin = 0; begin < p.count; begin += run) {
    LatentPartial* into = begin == 0 ? total.get() : next.get();
    LatentTile* tile = tiles.get();
    for (int at = begin; at < std::min(p.count, begin + run); at += kKeyTile) {
      const int count = std::min({kKeyTile, p.count - at, begin + run - at});
      if (!q8.empty())
        kernels.load_q8_keys(q8.data() + at * (p.width + 8), count, p.latent, p.width, tile);
      else
        kernels.load_keys(keys.data() + at * p.width, std::min(kKeyTile, count + more), p.latent, p.width,
                          tile);
      if (kernels.add_run != nullptr)
        ++tile;
      else
        kernels.add_keys(queries.get(), tile, count, p.latent, p.width, at == begin, into);
    }
    if (kernels.add_run != nullptr)
      kernels.add_run(queries.get(), 1, tiles.get(), std::min(run, p.count - begin), p.latent, p.width, into);
    if (begin > 0) kernels.merge(next.get(), p.latent, total.get());
  }
  std::vector<float> out(static_cast<size_t>(p.heads * p.latent));
  kernels.finish(total.get(), p.latent, p.heads, out.data(), p.latent);
  return out;
}

class Latent : public testing::TestWithParam<const OpTable*> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(GetParam()->needs))
      GTEST_SKIP() << GetParam()->name << ": this processor lacks it";
    if (GetParam()->latent == nullptr) GTEST_SKIP() << GetParam()->name << ": no latent kernels";
  }
  const LatentKernels& kernels() const { return *GetParam()->latent; }
};

TEST_P(Latent, FollowsTheDefinition) {
  const std::pair<int64_t, int64_t> shapes[] = {{256, 64}, {64, 2}, {128, 48}, {512, 128}};
  for (const auto& [latent, rope] : shapes)
    for (const int count : {1, 2, 3, 15, 16, 17, 63, 64, 65, 200})
      for (const float sharpness : {0.0f, 0.05f, 0.5f}) {
        const Problem problem(count % 3 == 0 ? 5 : 16, count, latent, rope, sharpness);
        const auto want = problem.definition();
        const auto got = computed(kernels(), problem, 128);
        double squares = 0.0, errors = 0.0;
        for (size_t i = 0; i < want.size(); ++i) {
          squares += want[i] * want[i];
          errors += (double{got[i]} - want[i]) * (double{got[i]} - want[i]);
        }
        // A score's rounding grows with the score, and the exponential makes it relative.
        const double rounding = kernels().add_run == nullptr ? 1.0 : 8.0;  // of bf16 against 16-bit integers
        EXPECT_LE(std::sqrt(errors / squares), rounding * (5e-4 + 0.015 * double{sharpness}))
            << count << " keys, " << latent << " + " << rope << ", " << sharpness;
      }
}

TEST_P(Latent, KeysBehindTheLastOneDoNotChangeABit) {
  const Problem problem(16, 77, 256, 64, 0.1f);
  const auto alone = computed(kernels(), problem, 512);
  for (const int more : {1, 2, 16, 51}) EXPECT_EQ(alone, computed(kernels(), problem, 512, more));
}

TEST_P(Latent, CodesCountAsTheNumbersThatTheyStandFor) {
  for (const int64_t rope : {64, 2, 48}) {
    Problem problem(16, 77, 128, rope, 0.1f);
    std::mt19937 random(9);
    std::vector<uint8_t> rows;  // codes and two scales each
    for (int64_t l = 0; l < problem.count; ++l) {
      const float scales[2] = {1.0f / static_cast<float>(64 << (random() % 4)), 1.0f / 32.0f};
      for (int64_t k = 0; k < problem.width; ++k) {
        const int code = static_cast<int>(random() % 255) - 127;  // times a power of two: exact in bf16
        rows.push_back(static_cast<uint8_t>(code));
        problem.keys[static_cast<size_t>(l * problem.width + k)] =
            bf16_from_f32(static_cast<float>(code) * scales[k < problem.latent ? 0 : 1]);
      }
      const auto* bytes = reinterpret_cast<const uint8_t*>(scales);
      rows.insert(rows.end(), bytes, bytes + sizeof scales);
    }
    const auto want = computed(kernels(), problem, 128), got = computed(kernels(), problem, 128, 0, rows);
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4f * (1.0f + std::abs(want[i])));
  }
}

TEST_P(Latent, GroupsTogetherAreGroupsAlone) {
  if (kernels().add_run == nullptr) GTEST_SKIP() << GetParam()->name << ": one group at a time";
  for (const int count : {1, 33, 100, kRunTiles * kKeyTile}) {
    constexpr int kGroups = 3;
    const Problem problem(kGroups * kHeadLanes, count, 256, 64, 0.1f);
    auto queries = std::make_unique<LatentQueries[]>(kGroups);
    auto tiles = std::make_unique<LatentTile[]>(kRunTiles);
    auto together = std::make_unique<LatentPartial[]>(kGroups), alone = std::make_unique<LatentPartial[]>(kGroups);
    for (int h = 0; h < problem.heads; ++h)
      kernels().load_query(problem.queries.data() + h * problem.width, problem.width, h % kHeadLanes,
                           &queries[static_cast<size_t>(h / kHeadLanes)]);
    for (int at = 0; at < count; at += kKeyTile)
      kernels().load_keys(problem.keys.data() + at * problem.width, std::min(kKeyTile, count - at), problem.latent,
                          problem.width, &tiles[static_cast<size_t>(at / kKeyTile)]);
    kernels().add_run(queries.get(), kGroups, tiles.get(), count, problem.latent, problem.width, together.get());
    const auto want = problem.definition();
    for (size_t g = 0; g < kGroups; ++g) {
      kernels().add_run(&queries[g], 1, tiles.get(), count, problem.latent, problem.width, &alone[g]);
      std::vector<float> a(kHeadLanes * 256), b(a);
      kernels().finish(&together[g], problem.latent, kHeadLanes, a.data(), problem.latent);
      kernels().finish(&alone[g], problem.latent, kHeadLanes, b.data(), problem.latent);
      EXPECT_EQ(a, b) << count << " keys, group " << g;
      double squares = 0.0, errors = 0.0;
      for (size_t i = 0; i < a.size(); ++i) {
        const double value = want[g * a.size() + i];
        squares += value * value;
        errors += (double{a[i]} - value) * (double{a[i]} - value);
      }
      EXPECT_LE(std::sqrt(errors / squares), 8.0 * (5e-4 + 0.0015)) << count << " keys, group " << g;
    }
  }
}

TEST_P(Latent, ExtremesStayFinite) {
  Problem problem(16, 64, 64, 32, 1.0f);
  std::fill(problem.keys.begin(), problem.keys.end(), uint16_t{0x3f80});  // every row the longest it can be
  std::fill(problem.queries.begin(), problem.queries.end(), 1.0f);
  for (const float x : computed(kernels(), problem, 64)) EXPECT_NEAR(x, 1.0f, 1e-3f);
  std::fill(problem.keys.begin(), problem.keys.end(), uint16_t{0});
  for (const float x : computed(kernels(), problem, 64)) EXPECT_EQ(x, 0.0f);
  problem.keys[5] = 0x4000;  // one element is all of its row: 2
  problem.queries.assign(problem.queries.size(), 0.0f);
  EXPECT_NEAR(computed(kernels(), problem, 64)[5], 2.0f / 64.0f, 1e-4f);
}

INSTANTIATE_TEST_SUITE_P(Isa, Latent, testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace sirocco
