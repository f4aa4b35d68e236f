// SPDX-License-Identifier: Apache-2.0
// The bundled miniature in exact mode against transformers on the stored weights. The expectations lie in
// tests/golden/mini/logits.json and are replaced with the weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "run/model.h"

namespace sirocco {
namespace {

constexpr double kMostRelativeError = 1e-4;

// Logits of the last token, [W].
std::vector<float> last_logits(Model& model, const std::vector<int32_t>& ids) {
  std::vector<int32_t> positions(ids.size()), pages(static_cast<size_t>(model.pages()));
  std::iota(positions.begin(), positions.end(), 0);
  std::iota(pages.begin(), pages.end(), 0);
  const SequenceSpan span{.rows = static_cast<int32_t>(ids.size()), .page_table = pages};
  const int32_t last = static_cast<int32_t>(ids.size()) - 1;
  Batch batch;
  batch.tokens = ids;
  batch.positions = positions;
  batch.sequences = {&span, 1};
  batch.logit_rows = {&last, 1};
  const View<const float> logits = model.forward(batch).logits;
  return {logits.row(0), logits.row(0) + logits.cols};
}

TEST(Miniature, ExactLogitsAreThoseOfTransformers) {
  const std::string root = SIROCCO_SOURCE_DIR;
  const auto text = read_file(root + "/tests/golden/mini/logits.json", 1 << 20);
  ASSERT_TRUE(text);
  const auto golden = parse_json(*text, "logits.json");
  ASSERT_TRUE(golden);
  auto checkpoint = Checkpoint::open(root + "/models/mini");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  ModelOptions options;
  options.exact = true;
  auto model = Model::load(std::make_shared<const Checkpoint>(std::move(*checkpoint)), options);
  ASSERT_TRUE(model) << model.error().message;
  ASSERT_TRUE((*model)->reserve_cache(8));
  ASSERT_GE((*golden)["cases"].size(), 3u);
  for (const Json& expected : (*golden)["cases"]) {
    const auto logits = last_logits(**model, expected["ids"].get<std::vector<int32_t>>());
    const auto ids = expected["top_ids"].get<std::vector<size_t>>();
    const auto values = expected["top_logits"].get<std::vector<double>>();
    const double scale = expected["max_abs"].get<double>();
    for (size_t i = 0; i < ids.size(); ++i)
      EXPECT_LE(std::abs(logits.at(ids[i]) - values[i]) / scale, kMostRelativeError) << "token " << ids[i];
    EXPECT_EQ(static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin()), ids[0]);
  }
}

}  // namespace
}  // namespace sirocco
