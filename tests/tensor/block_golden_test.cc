// SPDX-License-Identifier: Apache-2.0
// Every block decoder against gguf-py, bit for bit (NaN payloads aside), on the blocks of a counter-based
// stream: tests/golden/tensor/<type>.json, written by reference/block_goldens.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "golden_hash.h"
#include "tensor/dtype.h"
#include "tensor/float_bits.h"
#include "tensor/weight_view.h"

namespace sirocco {
namespace {

Json golden(const std::string& name) {
  const std::string path = std::string(SIROCCO_SOURCE_DIR) + "/tests/golden/tensor/" + name + ".json";
  auto text = read_file(path, 1 << 20);
  EXPECT_TRUE(text) << path;
  return text ? parse_json(*text, path).value() : Json();
}

class BlockGolden : public testing::TestWithParam<std::string> {};

TEST_P(BlockGolden, EqualsGgufPy) {
  const Json expected = golden(GetParam());
  const auto type = dtype_from_name(GetParam());
  ASSERT_TRUE(type);
  const DTypeTraits& type_traits = traits(*type);
  ASSERT_EQ(type_traits.block_elements, expected["block_elements"].get<int>());
  ASSERT_EQ(type_traits.block_bytes, expected["block_bytes"].get<int>());
  ASSERT_NE(type_traits.decode, nullptr);

  const int64_t blocks = expected["digest_blocks"].get<int64_t>();
  const int elements = type_traits.block_elements;
  const auto raw = stream_bytes(expected["seed"].get<uint64_t>(), blocks * type_traits.block_bytes);
  std::vector<float> values(static_cast<size_t>(blocks) * static_cast<size_t>(elements));
  type_traits.decode(raw.data(), blocks, values.data());

  for (size_t i = 0; i < static_cast<size_t>(elements); ++i)
    ASSERT_EQ(hex(canonical_bits(values[i]), 8), expected["shown"][0]["values"][i].get<std::string>()) << i;
  std::vector<uint64_t> hashes(static_cast<size_t>(blocks));
  for (size_t b = 0; b < hashes.size(); ++b)
    hashes[b] = hash_floats(values.data() + b * static_cast<size_t>(elements), elements);
  for (size_t b = 0; b < expected["hashes"].size(); ++b)
    ASSERT_EQ(hex(hashes[b], 16), expected["hashes"][b].get<std::string>()) << "block " << b;
  EXPECT_EQ(hex(hash_words(hashes), 16), expected["digest"].get<std::string>());
}

// A decoder may assume nothing about alignment, and a run of blocks decodes as its blocks do one by one.
TEST_P(BlockGolden, AnyAlignmentAnySplit) {
  const DTypeTraits& type_traits = traits(*dtype_from_name(GetParam()));
  constexpr int64_t kBlocks = 5;
  const auto raw = stream_bytes(7, kBlocks * type_traits.block_bytes);
  std::vector<float> together(static_cast<size_t>(kBlocks * type_traits.block_elements));
  type_traits.decode(raw.data(), kBlocks, together.data());
  for (size_t shift = 1; shift < 8; ++shift) {
    std::vector<std::byte> moved(shift);
    moved.insert(moved.end(), raw.begin(), raw.end());
    std::vector<float> apart(together.size());
    for (int64_t b = 0; b < kBlocks; ++b)
      type_traits.decode(moved.data() + shift + b * type_traits.block_bytes, 1,
                         apart.data() + b * type_traits.block_elements);
    ASSERT_EQ(hash_floats(apart.data(), static_cast<int64_t>(apart.size())),
              hash_floats(together.data(), static_cast<int64_t>(together.size())));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, BlockGolden,
                         testing::Values("f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k",
                                         "q3_k", "q4_k", "q5_k", "q6_k", "q8_k", "iq1_s", "iq1_m", "iq2_xxs",
                                         "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl", "iq4_xs", "tq1_0",
                                         "tq2_0", "mxfp4", "nvfp4"),
                         [](const auto& test) { return test.param; });

TEST(Nvfp4Packed, EqualsTorchCodesAndScales) {
  const Json expected = golden("nvfp4_packed");
  const uint64_t seed = expected["seed"].get<uint64_t>();
  WeightView weight;
  weight.dtype = DType::nvfp4_packed;
  weight.rows = expected["rows"].get<int64_t>();
  weight.cols = expected["cols"].get<int64_t>();
  weight.row_stride_bytes = weight.cols / 2;
  const auto packed = stream_bytes(seed, weight.rows * weight.cols / 2);
  const auto scales = stream_bytes(seed + 1, weight.rows * weight.cols / 16);
  weight.data = packed.data();
  weight.block_scales = reinterpret_cast<const uint8_t*>(scales.data());
  weight.global_divisor =
      f32_from_bits(static_cast<uint32_t>(std::stoul(expected["divisor"].get<std::string>(), nullptr, 16)));
  EXPECT_EQ(weight.bytes(), weight.rows * weight.cols / 16 * 9);
  std::vector<float> row(static_cast<size_t>(weight.cols));
  const WeightView lower = weight.slice_rows(3, weight.rows - 3);
  for (int64_t r = 0; r < weight.rows; ++r) {
    const std::string hash = expected["hashes"][static_cast<size_t>(r)].get<std::string>();
    decode_row(weight, r, row.data());
    ASSERT_EQ(hex(hash_floats(row.data(), weight.cols), 16), hash) << "row " << r;
    if (r < 3) continue;
    decode_row(lower, r - 3, row.data());
    ASSERT_EQ(hex(hash_floats(row.data(), weight.cols), 16), hash) << "sliced row " << r;
  }
}

TEST(Floats, EqualTorchAndNumpy) {
  const Json expected = golden("floats");
  const auto code_bits = [&](const char* list, size_t code) {
    return expected[list][code].get<std::string>();
  };
  for (size_t code = 0; code < 256; ++code) {
    const auto byte = static_cast<uint8_t>(code);
    EXPECT_EQ(hex(canonical_bits(f32_from_e4m3(byte)), 8), code_bits("e4m3", code)) << code;
    EXPECT_EQ(hex(canonical_bits(f32_from_e5m2(byte)), 8), code_bits("e5m2", code)) << code;
    EXPECT_EQ(hex(canonical_bits(f32_from_e8m0(byte)), 8), code_bits("e8m0", code)) << code;
    EXPECT_EQ(hex(canonical_bits(f32_from_e2m1(byte & 15)), 8), code_bits("e2m1", code & 15)) << code;
  }
  std::vector<float> halves(65536);
  for (size_t code = 0; code < halves.size(); ++code)
    halves[code] = f32_from_f16(static_cast<uint16_t>(code));
  EXPECT_EQ(hex(hash_floats(halves.data(), 65536), 16), expected["f16_digest"].get<std::string>());
}

TEST(Floats, EncodersRoundToNearestEven) {
  const Json expected = golden("floats");
  const auto raw = stream_bytes(expected["patterns_seed"].get<uint64_t>(), 4 * 65536);
  std::vector<float> patterns(65536);
  std::memcpy(patterns.data(), raw.data(), raw.size());
  const auto digest = [](const std::vector<float>& values, auto encode) {
    std::vector<uint64_t> codes;
    for (const float v : values) codes.push_back(encode(v));
    return hex(hash_words(codes), 16);
  };
  const auto to_f16 = [](float v) { return std::isnan(v) ? uint16_t{0x7e00} : f16_from_f32(v); };
  const auto to_bf16 = [](float v) { return std::isnan(v) ? uint16_t{0x7fc0} : bf16_from_f32(v); };
  const auto to_e4m3 = [](float v) { return std::isnan(v) ? uint8_t{0x7f} : e4m3_from_f32(v); };
  EXPECT_EQ(digest(patterns, to_f16), expected["to_f16_digest"].get<std::string>());
  EXPECT_EQ(digest(patterns, to_bf16), expected["to_bf16_digest"].get<std::string>());
  EXPECT_EQ(digest(patterns, to_e4m3), expected["to_e4m3_digest"].get<std::string>());

  const auto ties = [](int codes, auto decode) {
    std::vector<float> values, between;
    for (int code = 0; code < codes; ++code)
      if (const float v = decode(code); std::isfinite(v)) values.push_back(v);
    std::sort(values.begin(), values.end());
    for (size_t i = 1; i < values.size(); ++i) between.push_back((values[i - 1] + values[i]) / 2);
    return between;
  };
  const auto f16_ties = ties(65536, [](int code) { return f32_from_f16(static_cast<uint16_t>(code)); });
  const auto e4m3_ties = ties(256, [](int code) { return f32_from_e4m3(static_cast<uint8_t>(code)); });
  EXPECT_EQ(digest(f16_ties, to_f16), expected["to_f16_ties_digest"].get<std::string>());
  EXPECT_EQ(digest(e4m3_ties, to_e4m3), expected["to_e4m3_ties_digest"].get<std::string>());
}

TEST(Floats, EncodersAtTheirLimits) {
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(f16_from_f32(65519.99f), 0x7bff);
  EXPECT_EQ(f16_from_f32(65520.0f), 0x7c00);
  EXPECT_EQ(f16_from_f32(-infinity), 0xfc00);
  EXPECT_TRUE(std::isnan(f32_from_f16(f16_from_f32(nan))));
  EXPECT_EQ(e4m3_from_f32(1e9f), 0x7e);
  EXPECT_EQ(e4m3_from_f32(-infinity), 0xfe);
  EXPECT_TRUE(std::isnan(f32_from_e4m3(e4m3_from_f32(nan))));
  EXPECT_TRUE(std::isnan(f32_from_bf16(bf16_from_f32(nan))));
}

}  // namespace
}  // namespace sirocco
