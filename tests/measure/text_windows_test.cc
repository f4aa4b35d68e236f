// SPDX-License-Identifier: Apache-2.0
// The cut of a text, and the bundled miniature's losses in exact mode against transformers
// (reference/train/goldens.py; the expectations are replaced with the weights).
#include "measure/text_windows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "base/json.h"
#include "measure/log_softmax.h"

namespace sirocco {
namespace {

TEST(TextWindows, JudgeEveryTokenOnceBehindEnoughOthers) {
  for (const int64_t tokens : {1, 2, 7, 8, 9, 15, 16, 100})
    for (const int64_t context : {2, 3, 8, 16})
      for (int64_t stride = 1; stride < context; ++stride) {
        int64_t next = 0;
        for (const TextWindow& window : split_text(tokens, context, stride)) {
          EXPECT_EQ(window.first_judged, next);
          EXPECT_GT(window.end, next);
          EXPECT_LE(window.end - window.begin, context - 1);
          if (window.begin > 0) {
            EXPECT_GE(window.first_judged - window.begin, context - 1 - stride);
          }
          next = window.end;
        }
        EXPECT_EQ(next, tokens);
      }
}

TEST(TextWindows, LossesOfTheMiniatureAreThoseOfTransformers) {
  const std::string root = SIROCCO_SOURCE_DIR;
  const auto text = read_file(root + "/tests/golden/mini/losses.json", 1 << 20);
  ASSERT_TRUE(text);
  const auto golden = parse_json(*text, "losses.json");
  ASSERT_TRUE(golden);
  auto checkpoint = Checkpoint::open(root + "/models/mini");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  ModelOptions options;
  options.exact = true;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), options);
  ASSERT_TRUE(model) << model.error().message;
  const auto ids = (*golden)["ids"].get<std::vector<int32_t>>();
  const auto losses = (*golden)["losses"].get<std::vector<double>>();
  ASSERT_EQ(ids.size(), losses.size());
  ASSERT_GT(ids.size(), 100u);
  const TextWindows windows{.bos = (*golden)["bos"].get<int32_t>(),
                            .context = (*golden)["context"].get<int64_t>(),
                            .stride = (*golden)["stride"].get<int64_t>(),
                            .chunk_tokens = 24};  // a window takes several steps
  int64_t next = 0;
  std::vector<double> row;
  const auto use = [&](int64_t i, std::span<const float> logits) -> Result<void> {
    EXPECT_EQ(i, next++);
    EXPECT_TRUE(log_softmax(logits, row));
    const auto at = static_cast<size_t>(i);
    EXPECT_NEAR(-row[static_cast<size_t>(ids[at])], losses[at], 1e-3) << "token " << i;
    return {};
  };
  ASSERT_TRUE(judge_text(**model, ids, windows, use));
  EXPECT_EQ(next, static_cast<int64_t>(ids.size()));
}

}  // namespace
}  // namespace sirocco
