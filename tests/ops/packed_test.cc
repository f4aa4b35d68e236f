// SPDX-License-Identifier: Apache-2.0
// Packed kernels against the plain sum over decoded weights and narrowed activations, for every format and
// tile size, on random blocks.
#include "ops/packed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "ops/pack.h"
#include "ops/select.h"
#include "tensor/float_bits.h"

namespace sirocco {
namespace {

// A matrix of random bytes whose scales are sane: block scales are overwritten with small numbers.
struct RandomMatrix {
  RandomMatrix(DType dtype, int64_t rows, int64_t cols)
      : bytes(static_cast<size_t>(rows * row_bytes(dtype, cols))) {
    std::mt19937 random(static_cast<unsigned>(dtype) * 100 + static_cast<unsigned>(rows));
    for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    const int step = traits(dtype).block_bytes;
    const auto put_half = [&](size_t at) {
      const uint16_t half = f16_from_f32(0.01f + 0.0001f * static_cast<float>(random() % 100));
      std::memcpy(bytes.data() + at, &half, 2);
    };
    for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(step)) switch (dtype) {
        case DType::q4_k:
        case DType::q5_k:
        case DType::q4_1:
        case DType::q5_1:
          put_half(at);
          put_half(at + 2);
          break;
        case DType::q2_k:
          put_half(at + 80);
          put_half(at + 82);
          break;
        case DType::q3_k:
          put_half(at + 108);
          break;
        case DType::q6_k:
          put_half(at + 208);
          break;
        case DType::iq2_xxs:
        case DType::iq2_xs:
        case DType::iq2_s:
        case DType::iq3_xxs:
        case DType::iq3_s:
        case DType::iq4_xs:
        case DType::q8_0:
        case DType::q4_0:
        case DType::q5_0:
        case DType::iq4_nl:
          put_half(at);
          break;
        case DType::mxfp4:
          bytes[at] = static_cast<std::byte>(120 + random() % 8);
          break;
        case DType::bf16:
          bytes[at + 1] = static_cast<std::byte>(0x3c | (random() % 4) | (random() % 2) << 7);
          break;
        case DType::f8_e4m3:
          if ((bytes[at] & std::byte{0x7f}) == std::byte{0x7f}) bytes[at] = std::byte{0};
          break;
        default:
          break;
      }
    view = {.dtype = dtype,
            .rows = rows,
            .cols = cols,
            .data = bytes.data(),
            .row_stride_bytes = row_bytes(dtype, cols),
            .scale = 0.5f};
    if (dtype != DType::nvfp4_packed) return;
    for (int64_t i = 0; i < rows * cols / 16; ++i) scales.push_back(static_cast<uint8_t>(random() % 0x7f));
    view.block_scales = scales.data();
    view.global_divisor = 64.0f;
  }
  std::vector<std::byte> bytes;
  std::vector<uint8_t> scales;
  WeightView view;
};

// x as the kernel sees it: narrowed by the definition, here in plain code.
std::vector<float> narrowed(const std::vector<float>& x, RecordKind kind) {
  std::vector<float> out(x);
  if (kind == RecordKind::f32) return out;
  if (kind == RecordKind::bf16_pair) {
    for (auto& value : out) {
      const float upper = f32_from_bf16(bf16_from_f32(value));
      value = upper + f32_from_bf16(bf16_from_f32(value - upper));
    }
    return out;
  }
  if (kind == RecordKind::bf16) {
    for (auto& value : out) value = f32_from_bf16(bf16_from_f32(value));
    return out;
  }
  const size_t block = kind == RecordKind::int8_per_32 ? 32 : 256;
  for (size_t begin = 0; begin < x.size(); begin += block) {
    const size_t end = std::min(x.size(), begin + block);
    float most = 0.0f;
    for (size_t i = begin; i < end; ++i) most = std::max(most, std::abs(x[i]));
    for (size_t i = begin; i < end; ++i) out[i] = std::nearbyint(x[i] * (127.0f / most)) * (most / 127.0f);
  }
  return out;
}

AlignedBuffer<std::byte> records_of(const OpTable& table, const std::vector<std::vector<float>>& x,
                                  RecordKind kind) {
  const auto cols = static_cast<int64_t>(x[0].size()), blocks = (cols + 255) / 256;
  const auto tokens = static_cast<int64_t>(x.size());
  const size_t record = kind == RecordKind::bf16        ? sizeof(Bf16Record)
                        : kind == RecordKind::f32       ? sizeof(F32Record)
                        : kind == RecordKind::bf16_pair ? sizeof(Bf16PairRecord)
                                                        : sizeof(Int8Record);
  AlignedBuffer<std::byte> out(blocks * tokens * static_cast<int64_t>(record));
  for (int64_t t = 0; t < tokens; ++t) {
    const float* row = x[static_cast<size_t>(t)].data();
    if (is_int8(kind)) {
      table.int8_kernels->to_int8(row, cols, kind, reinterpret_cast<Int8Record*>(out.data()) + t, tokens);
      continue;
    }
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t here = std::min<int64_t>(256, cols - 256 * b);
      if (kind == RecordKind::bf16_pair) {
        auto& pair = reinterpret_cast<Bf16PairRecord*>(out.data())[b * tokens + t];
        for (int64_t i = 0; i < here; ++i) {
          const float value = row[256 * b + i];
          pair.upper[i] = bf16_from_f32(value);
          pair.lower[i] = bf16_from_f32(value - f32_from_bf16(pair.upper[i]));
        }
      } else if (kind == RecordKind::f32)
        std::copy(row + 256 * b, row + 256 * b + here,
                  reinterpret_cast<F32Record*>(out.data())[b * tokens + t].values);
      else
        table.f32_to_bf16(row + 256 * b, here,
                          reinterpret_cast<Bf16Record*>(out.data())[b * tokens + t].values);
    }
  }
  return out;
}

// All but the 16-bit integers, which int16_test.cc checks.
std::array<const PackedKernels*, 4> kernel_lists(const OpTable& table) {
  return {table.int8_tile_kernels, table.bf16_tile_kernels, table.int8_kernels, table.bf16_kernels};
}

class Packed : public testing::TestWithParam<const OpTable*> {
 protected:
  void SetUp() override {
    if (!detect_cpu_features().covers(GetParam()->needs))
      GTEST_SKIP() << GetParam()->name << ": this processor lacks it";
  }
  void check(const PackedKernel& kernel, int64_t cols, int tokens);
  const OpTable& table = *GetParam();
};

void Packed::check(const PackedKernel& kernel, int64_t cols, int tokens) {
  constexpr int64_t kRows = 37;  // two whole strips and five rows
  const RandomMatrix matrix(kernel.dtype, kRows, cols);
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> x(static_cast<size_t>(tokens),
                                    std::vector<float>(static_cast<size_t>(cols)));
  for (auto& row : x)
    for (auto& value : row) value = normal(random);
  const auto records = records_of(table, x, kernel.records);
  std::vector<std::byte> strip(static_cast<size_t>(packed_strip_bytes(kernel.dtype, cols)));
  std::vector<float> weights(static_cast<size_t>(cols));
  for (int64_t index = 0; index < 3; ++index) {
    pack_strip(matrix.view, index, strip.data());
    std::vector<float> y(static_cast<size_t>(tokens * 20), -1.0f);
    kernel.multiply(packed_strip(matrix.view, index, strip.data()), records.data(), tokens, y.data(), 20);
    for (int64_t r = 0; r < kStripRows; ++r) {
      const bool exists = 16 * index + r < kRows;
      if (exists) decode_row(matrix.view, 16 * index + r, weights.data());
      for (int t = 0; t < tokens; ++t) {
        const float got = y[static_cast<size_t>(t * 20 + r)];
        if (!exists) {
          ASSERT_EQ(got, -1.0f);
          continue;
        }
        const auto values = narrowed(x[static_cast<size_t>(t)], kernel.records);
        double want = 0.0, size = 0.0;
        for (size_t k = 0; k < values.size(); ++k) {
          want += static_cast<double>(values[k]) * static_cast<double>(weights[k]);
          size += std::abs(static_cast<double>(values[k]) * static_cast<double>(weights[k]));
        }
        ASSERT_NEAR(got, want, 3e-6 * size) << traits(kernel.dtype).name << " cols " << cols << " tokens "
                                            << tokens << " row " << 16 * index + r;
      }
    }
  }
}

TEST_P(Packed, KernelsFollowTheDecodedWeights) {
  for (const PackedKernels* list : kernel_lists(table))
    for (int i = 0; list != nullptr && i < list->count; ++i)
      for (const int64_t cols : {32, 64, 96, 256, 288, 512, 768}) {
        if (!can_pack(list->kernels[i].dtype, cols)) continue;
        for (int tokens = 1; tokens <= list->kernels[i].most_tokens; tokens += tokens < 20 ? 1 : 11)  // up to 64
          if (list->kernels[i].takes(tokens)) check(list->kernels[i], cols, tokens);
      }
}

TEST_P(Packed, ARowDoesNotDependOnItsTile) {
  constexpr int64_t kCols = 512;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> x(kLargestTile, std::vector<float>(kCols));
  for (auto& row : x)
    for (auto& value : row) value = normal(random);
  for (const PackedKernels* list : kernel_lists(table))
    for (int i = 0; list != nullptr && i < list->count; ++i) {
      const PackedKernel& kernel = list->kernels[i];
      const RandomMatrix matrix(kernel.dtype, 16, kCols);
      std::vector<std::byte> strip(static_cast<size_t>(packed_strip_bytes(kernel.dtype, kCols)));
      pack_strip(matrix.view, 0, strip.data());
      const PackedStrip packed = packed_strip(matrix.view, 0, strip.data());
      const auto alone = records_of(table, {x[0]}, kernel.records);
      float want[16];
      kernel.multiply(packed, alone.data(), 1, want, 16);
      for (int tokens = 2; tokens <= kernel.most_tokens; ++tokens) {
        if (!kernel.takes(tokens)) continue;
        const auto records = records_of(table, {x.begin(), x.begin() + tokens}, kernel.records);
        std::vector<float> y(static_cast<size_t>(16 * tokens));
        kernel.multiply(packed, records.data(), tokens, y.data(), 16);
        for (size_t r = 0; r < 16; ++r)
          ASSERT_EQ(y[r], want[r]) << traits(kernel.dtype).name << " " << tokens;
      }
    }
}

// Where two instruction sets compute a type from the same records in integers, they agree to the bit.
TEST_P(Packed, Int8ResultsAreThoseOfTheFirstTable) {
  constexpr int64_t kCols = 768;
  const OpTable* first = nullptr;
  for (const OpTable* other : all_op_tables())
    if (first == nullptr && other->int8_kernels != nullptr && detect_cpu_features().covers(other->needs))
      first = other;
  if (first == nullptr || table.int8_kernels == nullptr) GTEST_SKIP() << table.name << ": no int8 kernels";
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> x(20, std::vector<float>(kCols));
  for (auto& row : x)
    for (auto& value : row) value = normal(random);
  x[1].assign(kCols, 127.0f);  // the largest sums that can be
  x[2].assign(kCols, -127.0f);
  for (const PackedKernels* list : {table.int8_kernels, table.int8_tile_kernels})
    for (int i = 0; list != nullptr && i < list->count; ++i) {
      const PackedKernel& kernel = list->kernels[i];
      const PackedKernel* same = find_packed_kernel(*first, kernel.dtype, kCols);
      if (same == nullptr) continue;
      RandomMatrix matrix(kernel.dtype, 16, kCols);
      std::vector<std::byte> strip(static_cast<size_t>(packed_strip_bytes(kernel.dtype, kCols)));
      pack_strip(matrix.view, 0, strip.data());
      const PackedStrip packed = packed_strip(matrix.view, 0, strip.data());
      const size_t tokens = kernel.takes(20) ? 20 : 3;
      std::vector<float> got(16 * tokens), want(16 * tokens);
      const std::vector<std::vector<float>> rows(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(tokens));
      kernel.multiply(packed, records_of(table, rows, kernel.records).data(), static_cast<int>(tokens), got.data(),
                      16);
      for (size_t t = 0; t < tokens; ++t)
        same->multiply(packed, records_of(*first, {x[t]}, same->records).data(), 1, want.data() + 16 * t, 16);
      EXPECT_EQ(got, want) << traits(kernel.dtype).name;
    }
}

// Strips that are multiplied together give what each gives alone.
TEST_P(Packed, StripsTogetherAreStripsAlone) {
  constexpr int64_t kCols = 512, kStrips = 5;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> x(17, std::vector<float>(kCols));
  for (auto& row : x)
    for (auto& value : row) value = normal(random);
  for (const PackedKernels* list : packed_kernels(table))
    for (int i = 0; list != nullptr && i < list->count; ++i) {
      const PackedKernel& kernel = list->kernels[i];
      if (kernel.multiply_strips == nullptr) continue;
      const RandomMatrix matrix(kernel.dtype, kStrips * kStripRows - 3, kCols);
      const auto strip_bytes = static_cast<size_t>(packed_strip_bytes(kernel.dtype, kCols));
      std::vector<std::byte> bytes(kStrips * strip_bytes);
      std::vector<PackedStrip> strips;
      for (int64_t s = 0; s < kStrips; ++s) {
        std::byte* at = bytes.data() + static_cast<size_t>(s) * strip_bytes;
        pack_strip(matrix.view, s, at);
        strips.push_back(packed_strip(matrix.view, s, at));
      }
      for (const int tokens : {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 17}) {
        if (!kernel.takes(tokens)) continue;
        const auto records = records_of(table, {x.begin(), x.begin() + tokens}, kernel.records);
        std::vector<float> together(static_cast<size_t>(tokens) * 80, -1.0f), alone(together);
        kernel.run(strips.data(), kStrips, records.data(), tokens, together.data(), 80);
        for (int t = 0; t < tokens; ++t) {
          const auto record = records_of(table, {x[static_cast<size_t>(t)]}, kernel.records);
          for (int64_t s = 0; s < kStrips; ++s)
            kernel.multiply(strips[static_cast<size_t>(s)], record.data(), 1, alone.data() + 80 * t + 16 * s, 80);
        }
        EXPECT_EQ(together, alone) << traits(kernel.dtype).name << " " << tokens;
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Isa, Packed, testing::ValuesIn(all_op_tables().begin(), all_op_tables().end()),
                         [](const auto& test) { return std::string(test.param->name); });

}  // namespace
}  // namespace sirocco
