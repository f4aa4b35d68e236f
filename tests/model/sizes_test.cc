// SPDX-License-Identifier: Apache-2.0
#include "model/sizes.h"

#include <gtest/gtest.h>

#include <limits>

#include "model/config_fields.h"
#include "model/known_models.h"

namespace sirocco {
namespace {

const Config& known(std::string_view name) {
  const KnownModel* model = find_known_model(name);
  EXPECT_NE(model, nullptr) << name;
  return model->config;
}

// The published totals: model.safetensors.index.json counts 19,008 scale scalars more (36 layers of 528).
TEST(Sizes, SmallFourAsPublished) {
  const Config& config = known("mistral-small-4");
  const ParameterCounts n = count_parameters(config);
  EXPECT_EQ(n.total(), 119'401'298'944);
  EXPECT_EQ(n.text(), 118'972'826'624);
  EXPECT_EQ(n.total() + 36 * 528, 119'401'317'952);
  EXPECT_EQ(n.vision, 428'472'320);
  EXPECT_EQ(n.active(), 6'632'588'288);
  EXPECT_EQ(n.attention / 36, 28'049'408);
  EXPECT_EQ(cache_bytes_per_token(config), 23'040);
  EXPECT_EQ(cache_bytes(config, 262'144), int64_t{5760} << 20);  // 5.625 GiB
}

TEST(Sizes, PrecisionsMatchPublishedFiles) {
  const auto sizes = weight_bytes_by_precision(known("mistral-small-4"));
  const auto bytes = [&](std::string_view name) {
    for (const PrecisionBytes& p : sizes)
      if (p.name == name) return p.weight_bytes;
    return int64_t{0};
  };
  EXPECT_EQ(bytes("bf16"), 2 * 119'401'298'944);
  EXPECT_EQ(bytes("fp8"), 117'879'865'344 + 3'042'867'200);
  // The NVFP4 repository: 70,801,959,560 bytes of tensors, of which the scalar scales of 13,932 matrices are
  // 4 + 4 bytes each (routed) or 4 + 2 (shared: 108 of them).
  EXPECT_EQ(bytes("nvfp4"), 70'801'959'560 - 13'824 * 8 - 108 * 6);
}

TEST(Sizes, AncestorsCacheAsTheyDo) {
  EXPECT_EQ(cache_bytes_per_token(known("mistral-small-3.1")), 163'840);
  EXPECT_EQ(cache_bytes_per_token(known("mistral-7b")), 131'072);
  EXPECT_EQ(count_parameters(known("mistral-7b")).total(), 7'248'023'552);  // its index, model.safetensors
  EXPECT_EQ(count_parameters(known("mistral-nemo-12b")).total(), 12'247'782'400);  // general.parameter_count
  EXPECT_EQ(count_parameters(known("mistral-small-3")).total(), 23'572'403'200);
}

TEST(Sizes, LargeThreeIsWhatItsNameSays) {
  const ParameterCounts n = count_parameters(known("mistral-large-3"));
  EXPECT_EQ(n.text() / 1'000'000'000, 673);
  EXPECT_EQ(n.vision / 100'000'000, 25);
  EXPECT_EQ((n.total() + 500'000'000) / 1'000'000'000, 676);
  EXPECT_EQ(n.active() / 1'000'000'000, 39);
}

TEST(Sizes, PicturesTakeMemoryWhereThereIsATower) {
  // 110 × 110 patches: pixels, patches with keys and values, 55 × 55 rows.
  EXPECT_EQ(picture_encoding_bytes(known("mistral-small-4")),
            4 * (2 * 3 * 1540 * 1540 + 3 * 12'100 * 1024 + 2 * 3'025 * 4096));
  Config blind = known("mistral-small-4");
  blind.vision.reset();
  EXPECT_EQ(picture_encoding_bytes(blind), 0);
}

TEST(Sizes, WorkGrowsWithTheContext) {
  const Config& config = known("mistral-small-4");
  const ParameterCounts n = count_parameters(config);
  EXPECT_EQ(operations_per_token(config, 0), 2 * (n.active() - n.embedding - n.norms));
  EXPECT_EQ(operations_per_token(config, 1000) - operations_per_token(config, 0),
            int64_t{2} * 36 * 32 * (320 + 256) * 1000);
  Config window = known("mistral-7b");
  window.sliding_window = 100;
  EXPECT_EQ(operations_per_token(window, 100), operations_per_token(window, 5000));
  EXPECT_EQ(cache_bytes(window, 5000), 100 * 131'072);
}

// The largest of everything that a configuration may say.
TEST(Sizes, SaturateWhereAContextDoesNotFit) {
  Config c;
  c.layers = kMaxLayers;
  c.hidden = kMaxHidden;
  c.vocabulary = kMaxVocabulary;
  c.heads = c.kv_heads = kMaxHeads;
  c.head_dim = kMaxHeadDim;
  c.nope_dim = c.rope_dim = c.v_head_dim = kMaxHeadDim;
  c.kv_lora_rank = c.q_lora_rank = kMaxWidth;
  c.experts.experts = c.experts.experts_per_token = kMaxExperts;
  c.experts.shared_experts = 64;
  c.experts.width = c.dense_width = kMaxWidth;
  c.max_position_embeddings = kMaxPositions;
  c.vision = VisionConfig{.hidden = kMaxHidden, .layers = kMaxLayers, .heads = kMaxHeads, .width = kMaxWidth,
                          .channels = 16, .patch = 1024, .image_size = 1 << 16, .merge = 64};
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const AttentionKind kind : {AttentionKind::latent, AttentionKind::grouped}) {
    c.attention.assign(static_cast<size_t>(c.layers), kind);
    c.feed_forward.assign(static_cast<size_t>(c.layers), FeedForwardKind::experts);
    EXPECT_GT(count_parameters(c).total(), int64_t{3} << 60) << "experts alone are as many";
    EXPECT_LT(count_parameters(c).total(), kMost / 2);
    for (const PrecisionBytes& p : weight_bytes_by_precision(c)) EXPECT_GT(p.weight_bytes, 0) << p.name;
    EXPECT_EQ(operations_per_token(c, kMaxPositions), kMost);
    EXPECT_GT(operations_per_token(c, 0), 0);
    EXPECT_GT(picture_encoding_bytes(c), 0);
  }
  EXPECT_EQ(cache_bytes(c, kMaxPositions), kMost);  // of grouped attention
}

TEST(KnownModels, EveryDocumentParses) {
  EXPECT_EQ(known_model_documents().size(), 6u);
  for (const KnownModelDocument& document : known_model_documents()) {
    const auto model = parse_known_model(document.json, std::string(document.file));
    EXPECT_TRUE(model) << model.error().message;
    if (model) {
      EXPECT_EQ("data/configs/" + model->name + ".json", document.file);
    }
  }
}

TEST(KnownModels, LimitIsTheVendors) {
  Config config = known("mistral-small-4");
  EXPECT_EQ(config.max_position_embeddings, 1'048'576);
  config.vision.reset();
  EXPECT_EQ(longest_context(config), 262'144);
  config.layers = 35;
  EXPECT_EQ(longest_context(config), 1'048'576);
  EXPECT_EQ(find_known_model("mistral-small-5"), nullptr);
}

TEST(KnownModels, RefusesBrokenDocuments) {
  EXPECT_EQ(parse_known_model("{}", "f").error().message,
            "f: max_context: is missing, expected a whole number from 1 to 2147483648");
  EXPECT_EQ(parse_known_model(R"({"max_context": 1})", "f").error().message, "f: name: is missing");
  EXPECT_EQ(parse_known_model(R"({"name": "a", "max_context": 1})", "f").error().message,
            "f: params: is missing, expected an object");
}

}  // namespace
}  // namespace sirocco
