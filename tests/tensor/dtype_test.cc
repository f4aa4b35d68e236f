// SPDX-License-Identifier: Apache-2.0
#include "tensor/dtype.h"

#include <gtest/gtest.h>

#include <vector>

#include "tensor/float_bits.h"
#include "tensor/weight_view.h"

namespace sirocco {
namespace {

TEST(DType, TableFollowsTheEnumeration) {
  EXPECT_EQ(traits(DType::f64).name, "f64");
  EXPECT_EQ(traits(DType::f8_e4m3).name, "f8_e4m3");
  EXPECT_EQ(traits(DType::boolean).name, "boolean");
  EXPECT_EQ(traits(DType::q8_1).name, "q8_1");
  EXPECT_EQ(traits(DType::q8_k).name, "q8_k");
  EXPECT_EQ(traits(DType::iq4_xs).name, "iq4_xs");
  EXPECT_EQ(traits(DType::tq2_0).name, "tq2_0");
  EXPECT_EQ(traits(DType::nvfp4).name, "nvfp4");
  EXPECT_EQ(traits(DType::nvfp4_packed).name, "nvfp4_packed");
}

TEST(DType, NamesRoundTrip) {
  for (int i = 0; i <= static_cast<int>(DType::nvfp4_packed); ++i)
    EXPECT_EQ(dtype_from_name(traits(static_cast<DType>(i)).name), static_cast<DType>(i));
  EXPECT_FALSE(dtype_from_name("q7_k"));
  EXPECT_FALSE(dtype_from_name(""));
}

TEST(DType, RowBytes) {
  EXPECT_EQ(row_bytes(DType::f32, 5), 20);
  EXPECT_EQ(row_bytes(DType::q4_k, 512), 288);
  EXPECT_EQ(row_bytes(DType::nvfp4_packed, 64), 32);
  EXPECT_EQ(row_bytes(DType::q6_k, 0), 0);
}

// An FP8 weight is float32(code) · float32(scale), rounded once and to float32.
TEST(WeightView, ScaleMultipliesEveryElementUnrounded) {
  const uint8_t codes[2][3] = {{0x38, 0x01, 0x7e}, {0xb8, 0x7f, 0x80}};
  WeightView weight;
  weight.dtype = DType::f8_e4m3;
  weight.rows = 2;
  weight.cols = 3;
  weight.row_stride_bytes = 3;
  weight.data = reinterpret_cast<const std::byte*>(codes);
  weight.scale = 0.001234567f;
  std::vector<float> row(3);
  decode_row(weight, 0, row.data());
  EXPECT_EQ(row, (std::vector<float>{1.0f * 0.001234567f, 0x1p-9f * 0.001234567f, 448.0f * 0.001234567f}));
  decode_row(weight.slice_rows(1, 1), 0, row.data());
  EXPECT_EQ(row[0], -0.001234567f);
  EXPECT_TRUE(row[1] != row[1]);
  EXPECT_EQ(f32_bits(row[2]), 0x80000000u);
  EXPECT_EQ(weight.bytes(), 6);
  EXPECT_TRUE(weight.present());
  EXPECT_FALSE(WeightView{}.present());
}

// Rows of a larger matrix: the stride may exceed the row.
TEST(WeightView, HonoursTheStride) {
  const float values[2][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  WeightView weight;
  weight.rows = 2;
  weight.cols = 2;
  weight.row_stride_bytes = 16;
  weight.data = reinterpret_cast<const std::byte*>(values);
  std::vector<float> row(2);
  decode_row(weight, 1, row.data());
  EXPECT_EQ(row, (std::vector<float>{5, 6}));
  EXPECT_EQ(weight.bytes(), 16);
}

}  // namespace
}  // namespace sirocco
