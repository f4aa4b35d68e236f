// SPDX-License-Identifier: Apache-2.0
#include "weights/gguf_reader.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "gguf_bytes.h"
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

constexpr uint32_t kF32 = 0, kQ4K = 12;

std::string golden_path(const std::string& name) {
  return std::string(SIROCCO_SOURCE_DIR) + "/tests/golden/weights/" + name;
}

Result<GgufFile> read(const GgufBytes& file) {
  return read_gguf(file.bytes, "x.gguf");
}

// The whole message, since it is what a user gets to see.
std::string error_of(const GgufBytes& file) {
  const auto result = read(file);
  return result ? "no error" : result.error().message;
}

class GgufGolden : public testing::TestWithParam<std::string> {};

TEST_P(GgufGolden, TensorsLieWhereGgufPyFindsThem) {
  const auto file = MappedFile::open(golden_path(GetParam() + ".gguf")).value();
  const Json expected = parse_json(read_file(golden_path(GetParam() + ".json"), 1 << 20).value(), "").value();
  const auto result = read_gguf(file.bytes(), file.path());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->version, 3);
  EXPECT_EQ(result->alignment, expected["alignment"].get<int64_t>());
  ASSERT_EQ(result->metadata.entries.size(), expected["metadata"].size());
  size_t i = 0;
  for (const auto& item : expected["metadata"].items())
    EXPECT_EQ(result->metadata.entries[i++].first, item.key());
  ASSERT_EQ(result->tensors.size(), expected["tensors"].size());
  for (i = 0; i < result->tensors.size(); ++i) {
    const GgufTensor& tensor = result->tensors[i];
    const Json& truth = expected["tensors"][i];
    EXPECT_EQ(tensor.name, truth["name"].get<std::string>());
    EXPECT_EQ(traits(tensor.dtype).name, truth["dtype"].get<std::string>());
    EXPECT_EQ(tensor.shape, truth["shape"].get<std::vector<int64_t>>());
    EXPECT_EQ(tensor.begin, truth["begin"].get<int64_t>());
    EXPECT_EQ(tensor.size_bytes, truth["size_bytes"].get<int64_t>());
  }
}

// Wherever the file is cut, the reader says so in one line that names the file.
TEST_P(GgufGolden, EveryTruncationIsAnError) {
  const auto file = MappedFile::open(golden_path(GetParam() + ".gguf")).value();
  size_t needed = file.bytes().size();
  while (read_gguf(file.bytes().first(needed - 1), "x.gguf")) --needed;  // trailing padding is not missed
  EXPECT_GE(needed + 64, file.bytes().size());
  for (size_t size = 0; size < needed; ++size) {
    const std::vector<std::byte> cut(file.bytes().begin(),
                                     file.bytes().begin() + static_cast<ptrdiff_t>(size));
    const auto result = read_gguf(cut, "x.gguf");
    ASSERT_FALSE(result) << size;
    ASSERT_EQ(result.error().message.find('\n'), std::string::npos);
    ASSERT_EQ(result.error().message.rfind("x.gguf: ", 0), 0u) << result.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, GgufGolden, testing::Values("all_values", "all_types", "two_dense"),
                         [](const auto& test) { return test.param; });

TEST(GgufMetadata, HoldsEveryValueType) {
  const auto file = MappedFile::open(golden_path("all_values.gguf")).value();
  const GgufMetadata metadata = read_gguf(file.bytes(), file.path()).value().metadata;
  EXPECT_EQ(*metadata.text("general.architecture"), "mistral4");
  EXPECT_EQ(metadata.integer("a.u8"), 200);
  EXPECT_EQ(metadata.integer("a.i8"), -100);
  EXPECT_EQ(metadata.integer("a.u16"), 65535);
  EXPECT_EQ(metadata.integer("a.i16"), -32768);
  EXPECT_EQ(metadata.integer("a.u32"), 4'000'000'000);
  EXPECT_EQ(metadata.integer("a.i32"), -2'000'000'000);
  EXPECT_EQ(metadata.integer("a.i64"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(metadata.integer("a.u64"), std::nullopt) << "does not fit";
  EXPECT_EQ(metadata.number("a.u64"), 0x1p64);
  EXPECT_EQ(metadata.number("a.f32"), static_cast<double>(0.1f));
  EXPECT_EQ(metadata.number("a.f64"), 0.1);
  EXPECT_EQ(metadata.number("a.i8"), -100.0);
  EXPECT_EQ(metadata.integer("a.f64"), std::nullopt);
  EXPECT_EQ(metadata.boolean("a.bool"), true);
  EXPECT_EQ(metadata.boolean("a.u8"), std::nullopt);
  EXPECT_EQ(*metadata.text("a.text"), "Größe 1 ☃");
  EXPECT_EQ(metadata.text("a.u8"), nullptr);
  EXPECT_EQ(metadata.number("a.text"), std::nullopt);
  EXPECT_EQ(*metadata.texts("a.texts"), (std::vector<std::string>{"", "zwei", "三"}));
  EXPECT_EQ(metadata.integers("a.ints"), (std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(metadata.integers("a.floats"), std::nullopt);
  EXPECT_EQ(metadata.integers("a.missing"), std::nullopt);
  EXPECT_EQ(metadata.texts("a.text"), nullptr);
  EXPECT_EQ(metadata.find("a.missing"), nullptr);
  const auto& bools = std::get<GgufValue::Array>(metadata.find("a.bools")->value);
  EXPECT_EQ(std::get<std::vector<bool>>(bools), (std::vector<bool>{true, false, true}));
}

TEST(GgufMetadata, UnsignedArraysAreIntegersWhereTheyFit) {
  GgufBytes file;
  file.head(0, 2);
  file.entry("fits", 9).put<uint32_t>(4).put<uint64_t>(2).put<uint32_t>(7).put<uint32_t>(4'000'000'000);
  file.entry("not", 9).put<uint32_t>(10).put<uint64_t>(1).put<uint64_t>(~uint64_t{0});
  const auto metadata = read(file).value().metadata;
  EXPECT_EQ(metadata.integers("fits"), (std::vector<int64_t>{7, 4'000'000'000}));
  EXPECT_EQ(metadata.integers("not"), std::nullopt);
}

TEST(GgufReader, VersionTwoIsTheSame) {
  GgufBytes file;
  file.head(1, 0, 2).tensor("w", {2, 3}, kF32, 0).pad(32).zeros(24);
  const auto result = read(file);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->version, 2);
  EXPECT_EQ(result->tensors[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(result->tensors[0].begin, 96);
}

TEST(GgufReader, NamesWhatIsWrongWithTheHead) {
  EXPECT_EQ(error_of(GgufBytes()), "x.gguf: not a GGUF file: expected the letters GGUF at its start");
  EXPECT_EQ(error_of(GgufBytes().put<uint64_t>(1)),
            "x.gguf: not a GGUF file: expected the letters GGUF at its start");
  EXPECT_EQ(error_of(GgufBytes().head(0, 0, 1)), "x.gguf: GGUF version 1, expected 2 or 3");
  EXPECT_EQ(error_of(GgufBytes().head(0, 0, 0x03000000)),
            "x.gguf: a big-endian GGUF file; only little-endian ones are read");
  EXPECT_EQ(error_of(GgufBytes().head(~uint64_t{0}, 0)),
            "x.gguf: tensor count 18446744073709551615 is more than 0 header bytes can hold");
  EXPECT_EQ(error_of(GgufBytes().head(0, 9).zeros(100)),
            "x.gguf: metadata count 9 is more than 100 header bytes can hold");
}

TEST(GgufReader, NamesWhatIsWrongWithAnEntry) {
  const auto entry = [](std::string_view key, uint32_t type) {
    return GgufBytes().head(0, 1).entry(key, type);
  };
  EXPECT_EQ(error_of(entry("", 0).zeros(9)), "x.gguf: metadata key 0: 0 bytes long, expected 1 to 65535");
  EXPECT_EQ(error_of(entry("a\nb", 0).zeros(9)),
            "x.gguf: metadata key 0: contains bytes that are not printable ASCII");
  EXPECT_EQ(error_of(entry("k", 13).zeros(9)), "x.gguf: k: value type 13, expected 0 to 12");
  EXPECT_EQ(error_of(entry("k", 7).put<uint8_t>(2)), "x.gguf: k: boolean is 2, expected 0 or 1");
  EXPECT_EQ(error_of(entry("k", 8).put<uint64_t>(1000).zeros(10)),
            "x.gguf: k at byte 45 needs 1000 bytes, but only 10 are left in the file");
  EXPECT_EQ(error_of(entry("k", 9).put<uint32_t>(9).put<uint64_t>(1)),
            "x.gguf: k: an array of arrays, which no known key holds");
  EXPECT_EQ(error_of(entry("k", 9).put<uint32_t>(77).put<uint64_t>(1)),
            "x.gguf: k: array of value type 77, expected 0 to 12");
  EXPECT_EQ(error_of(entry("k", 9).put<uint32_t>(4).put(~uint64_t{0})),
            "x.gguf: k: array of 18446744073709551615 numbers of 4 bytes, but only 0 header bytes are left");
  EXPECT_EQ(error_of(entry("k", 9).put<uint32_t>(8).put<uint64_t>(1u << 30).zeros(64)),
            "x.gguf: k: array of 1073741824 strings, but only 64 header bytes are left");
  EXPECT_EQ(error_of(entry("k", 9).put<uint32_t>(7).put<uint64_t>(3).put<uint8_t>(1)),
            "x.gguf: k at byte 49 needs 3 bytes, but only 1 are left in the file");
  EXPECT_EQ(error_of(GgufBytes().head(0, 2).entry("k", 0).put('1').entry("k", 0).put('2')),
            "x.gguf: metadata key k appears twice");
  EXPECT_EQ(error_of(entry("general.alignment", 4).put<uint32_t>(24)),
            "x.gguf: general.alignment: expected a power of two up to 2^30");
  EXPECT_EQ(error_of(entry("general.alignment", 8).text("32")),
            "x.gguf: general.alignment: expected a power of two up to 2^30");
}

TEST(GgufReader, NamesWhatIsWrongWithATensor) {
  const auto one = [](const std::vector<uint64_t>& extents, uint32_t type, uint64_t offset) {
    return error_of(GgufBytes().head(1, 0).tensor("w", extents, type, offset).pad(32).zeros(4096));
  };
  EXPECT_EQ(one({}, kF32, 0), "x.gguf: tensor w: 0 dimensions, expected 1 to 4");
  EXPECT_EQ(one({1, 1, 1, 1, 1}, kF32, 0), "x.gguf: tensor w: 5 dimensions, expected 1 to 4");
  EXPECT_EQ(one({4, 0}, kF32, 0), "x.gguf: tensor w: dimension 1 is 0, expected 1 to 18014398509481984");
  EXPECT_EQ(one({uint64_t{1} << 40, uint64_t{1} << 40}, kF32, 0),
            "x.gguf: tensor w: dimension 1 is 1099511627776, expected 1 to 65536");
  EXPECT_EQ(one({uint64_t{1} << 56}, kF32, 0),
            "x.gguf: tensor w: 72057594037927936 elements of f32 need more than the file's 4160 bytes");
  EXPECT_EQ(one({128, 2}, kQ4K, 0),
            "x.gguf: tensor w: rows of 128 elements, expected a multiple of 256 for type q4_k");
  EXPECT_EQ(one({4}, kF32, 16), "x.gguf: tensor w: offset 16, expected a multiple of 32");
  EXPECT_EQ(one({1024}, kF32, 32),
            "x.gguf: tensor w: 4096 bytes at offset 32 of the data at 64 end after the file's 4160 bytes");
  EXPECT_EQ(one({1}, kF32, ~uint64_t{31}),
            "x.gguf: tensor w: 4 bytes at offset 18446744073709551584 of the data at 64 end after the file's "
            "4160 bytes");
  EXPECT_EQ(one({1}, 339, 0), "x.gguf: tensor w: type 339 (iq4_k_r4 of ik_llama.cpp) is not supported");
  EXPECT_EQ(one({1}, 31, 0), "x.gguf: tensor w: type 31 (q4_0_4_4, removed from GGUF) is not supported");
  EXPECT_EQ(one({1}, 5000, 0), "x.gguf: tensor w: type 5000 (unknown) is not supported");
}

TEST(GgufReader, RefusesTwinsAndOverlap) {
  const auto two = [](const char* second, uint64_t offset) {
    GgufBytes file;
    file.head(2, 0).tensor("w", {16}, kF32, 0).tensor(second, {16}, kF32, offset).pad(32).zeros(256);
    return error_of(file);
  };
  EXPECT_EQ(two("w", 64), "x.gguf: tensor w appears twice");
  EXPECT_EQ(two("v", 32), "x.gguf: tensors w and v overlap");
  EXPECT_EQ(two("v", 64), "no error");
}

// A header that claims to go on for gigabytes inside a large file stays bounded by kMaxGgufHeaderBytes.
TEST(GgufReader, LimitsTheHeader) {
  GgufBytes file;
  file.head(0, 1).entry("k", 8).put<uint64_t>(size_t{130} << 20);
  file.zeros(size_t{130} << 20);
  EXPECT_EQ(error_of(file),
            "x.gguf: k at byte 45 needs 136314880 bytes, which makes the header longer than 134217728");
}

TEST(GgufTypes, RoundTripAndDoNotCollide) {
  for (uint32_t id = 0; id < 1000; ++id) {
    const auto dtype = dtype_from_gguf(id);
    EXPECT_FALSE(dtype && !foreign_gguf_type(id).empty()) << id;
    if (dtype) {
      EXPECT_EQ(gguf_from_dtype(*dtype), id);
    }
  }
  // What the reader refuses is not written either.
  for (const DType type : {DType::q8_1, DType::nvfp4_packed, DType::f8_e4m3})
    EXPECT_EQ(gguf_from_dtype(type), std::nullopt);
}

}  // namespace
}  // namespace sirocco
