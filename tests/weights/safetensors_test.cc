// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors.h"

#include <gtest/gtest.h>

#include "support/safetensors_writer.h"

namespace sirocco {
namespace {

Result<std::vector<TensorEntry>> read(const std::string& file) {
  return read_safetensors(std::as_bytes(std::span(file)), "f");
}

std::string refusal(const std::string& file) {
  const auto entries = read(file);
  return entries ? "accepted" : entries.error().message;
}

// A file of one tensor 'a' whose record is `record`, before `data_bytes` bytes of data.
std::string one(std::string_view record, size_t data_bytes) {
  return safetensors_file("{\"a\":" + std::string(record) + "}", std::string(data_bytes, 'x'));
}

TEST(Safetensors, ReadsEveryTypeInOrderOfBytes) {
  const std::string file = safetensors_file({{"b", "BF16", {3, 2}, std::string(12, '1')},
                                             {"a", "F8_E4M3", {5}, std::string(5, '2')},
                                             {"s", "F32", {}, std::string(4, '3')},
                                             {"empty", "I64", {0, 7}, ""},
                                             {"u", "U8", {1}, "4"}});
  const auto entries = read(file);
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 5u);
  EXPECT_EQ((*entries)[0].name, "b");
  EXPECT_EQ((*entries)[0].dtype, DType::bf16);
  EXPECT_EQ((*entries)[0].shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ((*entries)[1].bytes.size(), 5u);
  EXPECT_EQ((*entries)[1].bytes[0], std::byte{'2'});
  EXPECT_TRUE((*entries)[2].shape.empty());
  EXPECT_EQ((*entries)[3].bytes.size(), 0u);
  EXPECT_EQ((*entries)[4].bytes[0], std::byte{'4'});
}

TEST(Safetensors, MetadataAndNoTensors) {
  EXPECT_TRUE(read(safetensors_file(R"({"__metadata__":{"format":"pt"}})", "")));
  EXPECT_TRUE(read(safetensors_file("{}   ", "")));
  EXPECT_EQ(refusal(safetensors_file(R"({"__metadata__":{"a":1}})", "")),
            "f: header: found a number, expected strings in __metadata__");
  EXPECT_EQ(refusal(safetensors_file(R"({"__metadata__":{"a":{}}})", "")),
            "f: header: found an object, expected strings in __metadata__");
  EXPECT_EQ(refusal(safetensors_file(R"({"__metadata__":[]})", "")),
            "f: header: found an array, expected an object of strings");
  EXPECT_EQ(refusal(safetensors_file(R"({"__metadata__":{},"__metadata__":{}})", "")),
            "f: header: __metadata__ occurs twice");
}

TEST(Safetensors, RefusesDamagedFrames) {
  EXPECT_EQ(refusal("1234567"), "f: 7 bytes, expected at least 8 (the header's length)");
  EXPECT_EQ(refusal(std::string("\x05\0\0\0\0\0\0\0{}", 10)),
            "f: header length 5, but only 2 bytes follow (truncated file?)");
  EXPECT_EQ(refusal(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
            "f: header length 18446744073709551615, expected at most 100000000");
  EXPECT_EQ(refusal(safetensors_file("[]", "")), "f: header: found an array, expected an object");
  EXPECT_TRUE(refusal(safetensors_file("", "")).starts_with("f: header: [json.exception.parse_error"));
  EXPECT_TRUE(refusal(safetensors_file("{\"a\":", "")).starts_with("f: header: [json.exception.parse_error"));
  EXPECT_TRUE(
      refusal(safetensors_file("{\"\xff\":1}", "")).starts_with("f: header: [json.exception.parse_error"));
  EXPECT_EQ(refusal(safetensors_file(std::string(1'000'000, '['), "")),
            "f: header: found an array, expected an object");
}

TEST(Safetensors, RefusesBrokenRecords) {
  EXPECT_EQ(refusal(one("1", 0)),
            "f: tensor 'a': found a number, expected an object with dtype, shape and data_offsets");
  EXPECT_EQ(refusal(one("{}", 0)), "f: tensor 'a': dtype is missing");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32"})", 0)), "f: tensor 'a': shape is missing");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[]})", 0)),
            "f: tensor 'a': data_offsets: 0 numbers, expected 2");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[],"data_offsets":[0,4,4]})", 4)),
            "f: tensor 'a': data_offsets: more than 2 numbers");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","dtype":"F32"})", 4)), "f: tensor 'a': dtype occurs twice");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","extra":1})", 4)),
            "f: tensor 'a': field 'extra', expected dtype, shape or data_offsets");
  EXPECT_EQ(refusal(one(R"({"dtype":4})", 4)),
            "f: tensor 'a': found a number, expected dtype to be a string");
  EXPECT_EQ(refusal(one(R"({"shape":[-1]})", 4)),
            "f: tensor 'a': found -1, expected shape to be an array of whole numbers below 2^64");
  EXPECT_EQ(refusal(one(R"({"shape":[1.5]})", 4)),
            "f: tensor 'a': found 1.5, expected shape to be an array of whole numbers below 2^64");
  EXPECT_EQ(refusal(one(R"({"shape":[[1]]})", 4)),
            "f: tensor 'a': found an array, expected shape to be an array of whole numbers below 2^64");
  EXPECT_EQ(refusal(one(R"({"shape":[1,1,1,1,1,1,1,1,1]})", 4)),
            "f: tensor 'a': shape: expected at most 8 dimensions");
  EXPECT_EQ(refusal(one(R"({"data_offsets":[null,1]})", 4)),
            "f: tensor 'a': found null, expected data_offsets to be two whole numbers below 2^64");
  EXPECT_EQ(refusal(one(R"({"data_offsets":true})", 4)),
            "f: tensor 'a': found a boolean, expected data_offsets to be two whole numbers below 2^64");
  const std::string twice = R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_EQ(refusal(safetensors_file("{" + twice + "," + twice + "}", "x")),
            "f: tensor 'a': the name occurs twice");
}

TEST(Safetensors, RefusesSizesThatDoNotFit) {
  EXPECT_EQ(refusal(one(R"({"dtype":"F4","shape":[1],"data_offsets":[0,1]})", 1)),
            "f: tensor 'a': dtype 'F4' is none of those this program reads");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4)),
            "f: tensor 'a': F32 of shape [2] takes 8 bytes, but data_offsets give it 4");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", 4)),
            "f: tensor 'a': data_offsets [4, 0] run backwards");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4)),
            "f: tensor 'a': data_offsets end at 8, but the file holds 4 data bytes");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]})", 0)),
            "f: tensor 'a': shape: the number of bytes overflows 63 bits");
  EXPECT_EQ(refusal(one(R"({"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]})", 0)),
            "f: tensor 'a': shape: the number of bytes overflows 63 bits");
  EXPECT_EQ(refusal(one(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})", 2)),
            "f: the tensors end at data byte 1, but the file holds 2");
  EXPECT_EQ(refusal(one(R"({"dtype":"U8","shape":[1],"data_offsets":[1,2]})", 2)),
            "f: tensor 'a': data begins at 1, expected 0 (there is a gap before it)");
  EXPECT_EQ(refusal(safetensors_file(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                                     "xxx")),
            "f: tensor 'b': data begins at 1, expected 2 (it overlaps another tensor)");
}

TEST(Safetensors, HostileNamesStayOnOneLine) {
  EXPECT_EQ(refusal(safetensors_file("{\"a\\nb\":1}", "")),
            "f: tensor 'a\\x0ab': found a number, expected an object with dtype, shape and data_offsets");
}

}  // namespace
}  // namespace sirocco
