// SPDX-License-Identifier: Apache-2.0
// What is written is read back as it was: every type that the reader takes, under the number that it takes it by.
#include "weights/gguf_writer.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_directory.h"
#include "weights/gguf_reader.h"
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

TEST(GgufWriter, EveryTypeComesBack) {
  std::vector<TensorSpec> tensors;
  for (uint32_t id = 0; id < 1000; ++id)
    if (const auto type = dtype_from_gguf(id))
      tensors.push_back({std::string(traits(*type).name), *type, {2, traits(*type).block_elements}});
  ASSERT_GE(tensors.size(), 32u);
  GgufMetadata metadata;
  metadata.entries.emplace_back("general.architecture", GgufValue{GgufValue::Scalar(std::string("none"))});
  const TemporaryDirectory d;
  const std::string path = d.file("all.gguf");
  auto file = create_gguf(path, metadata, tensors);
  ASSERT_TRUE(file) << file.error().message;
  for (const TensorSpec& tensor : tensors)
    ASSERT_TRUE(file->write(std::vector<std::byte>(static_cast<size_t>(stored_bytes(tensor)))));
  ASSERT_TRUE(file->publish());
  const auto bytes = read_file(path, size_t{1} << 24);
  ASSERT_TRUE(bytes);
  const auto read = read_gguf(std::as_bytes(std::span(*bytes)), path);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->tensors.size(), tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(read->tensors[i].name, tensors[i].name);
    EXPECT_EQ(read->tensors[i].dtype, tensors[i].dtype) << tensors[i].name;
    EXPECT_EQ(read->tensors[i].shape, tensors[i].shape) << tensors[i].name;
  }
}

}  // namespace
}  // namespace sirocco
