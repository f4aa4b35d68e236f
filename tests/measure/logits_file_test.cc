// SPDX-License-Identifier: Apache-2.0
#include "measure/logits_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "base/file.h"
#include "support/temporary_directory.h"

namespace sirocco {
namespace {

const std::vector<int32_t> kIds{4, 0, 2};
const LogitsHeader kHeader{.vocabulary = 5, .context = 8, .stride = 3, .bos = 1};

std::string write_file(const TemporaryDirectory& folder, const std::vector<std::vector<float>>& rows) {
  auto writer = LogitsFileWriter::create(folder.file("logits"), kHeader, kIds);
  EXPECT_TRUE(writer);
  for (const auto& row : rows) EXPECT_TRUE(writer->append(row));
  EXPECT_TRUE(writer->publish());
  return *read_file(folder.file("logits"), 1 << 20);
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(LogitsFile, GivesRowsBackWithinHalfAStep) {
  TemporaryDirectory folder;
  const std::vector<std::vector<float>> rows{
      {1.0f, -30.0f, 12.5f, 0.25f, 7.0f}, {3.0f, 3.0f, 3.0f, 3.0f, 3.0f}, {-1e30f, 0.0f, 1.0f, 2.0f, 1e30f}};
  const std::string bytes = write_file(folder, rows);
  const auto view = parse_logits_file(bytes_of(bytes), "logits");
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->ids, kIds);
  EXPECT_EQ(view->header.context, 8u);
  EXPECT_EQ(view->header.stride, 3u);
  EXPECT_EQ(view->header.bos, 1u);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<float> row(5);
    ASSERT_TRUE(read_logits_row(*view, i, "logits", row));
    const auto [least, most] = std::minmax_element(rows[i].begin(), rows[i].end());
    const double half_step = (double{*most} - double{*least}) / 65535.0 / 2.0;
    for (size_t t = 0; t < row.size(); ++t)
      EXPECT_NEAR(double{row[t]}, double{rows[i][t]} - double{*most}, half_step * 1.01);
    EXPECT_EQ(row[static_cast<size_t>(most - rows[i].begin())], 0.0f);
  }
}

TEST(LogitsFile, ErrorsNameTheFileAndTheField) {
  TemporaryDirectory folder;
  const std::string good = write_file(folder, std::vector<std::vector<float>>(3, {1, 2, 3, 4, 5}));
  ASSERT_TRUE(parse_logits_file(bytes_of(good), "f"));
  const auto message = [&](size_t at, uint32_t value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + at, &value, 4);
    const auto view = parse_logits_file(bytes_of(bytes), "f");
    return view ? std::string("accepted") : view.error().message;
  };
  EXPECT_EQ(message(0, 7), "f: not saved logits");
  EXPECT_EQ(message(16, 2), "f: version 2, expected 1");
  EXPECT_EQ(message(20, 0), "f: vocabulary 0, expected 1 to 16777216");
  EXPECT_EQ(message(28, 8), "f: context 8, stride 8, bos 1: expected 0 < stride < context and bos < 5");
  EXPECT_EQ(message(40, 4), "f: 102 bytes do not hold 4 rows of 5 tokens");
  EXPECT_EQ(message(48, 5), "f: token 5, expected 0 to 4");
  EXPECT_FALSE(parse_logits_file(bytes_of(good.substr(0, good.size() - 1)), "f"));
  EXPECT_FALSE(parse_logits_file(bytes_of(good.substr(0, 20)), "f"));
}

TEST(LogitsFile, AStepThatIsNoNumberIsAnError) {
  TemporaryDirectory folder;
  std::string bytes = write_file(folder, std::vector<std::vector<float>>(3, {1, 2, 3, 4, 5}));
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + 48 + 12 + 14, &nan, 4);  // of row 1
  const auto view = parse_logits_file(bytes_of(bytes), "f");
  ASSERT_TRUE(view);
  std::vector<float> row(5);
  EXPECT_TRUE(read_logits_row(*view, 0, "f", row));
  const auto read = read_logits_row(*view, 1, "f", row);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "f: row 1: step nan, expected a number of 0 or more");
}

}  // namespace
}  // namespace sirocco
