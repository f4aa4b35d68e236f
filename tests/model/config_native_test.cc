// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "model/bind.h"
#include "support/tiny_checkpoint.h"

namespace sirocco {
namespace {

std::string refusal(const std::function<void(Json&)>& spoil) {
  Json params = tiny_native(false, true).config;
  spoil(params);
  const auto config = parse_native_config(params, "p");
  return config ? "accepted" : config.error().message;
}

TEST(NativeConfig, ReadsEveryField) {
  Json params = tiny_native(false, true).config;
  params["moe"]["first_k_dense_replace"] = 1;
  params["quantization"] = {{"qformat_weight", "fp8_e4m3"}};
  const auto config = parse_native_config(params, "p");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->architecture, "mistral4");
  EXPECT_EQ(config->stored_dtype, "fp8");
  EXPECT_EQ(config->head_dim, 16);
  EXPECT_EQ(config->cache_row(), 18);
  EXPECT_EQ(config->rope.factor, 16.0);
  EXPECT_EQ(config->rope.original_max_positions, 256);
  EXPECT_EQ(config->rope.attention_factor, 1.0);
  EXPECT_EQ(config->query_scale.beta, 0.1);
  EXPECT_EQ(config->experts.experts_per_token, 2);
  EXPECT_EQ(config->feed_forward[0], FeedForwardKind::dense);
  EXPECT_EQ(config->feed_forward[1], FeedForwardKind::experts);
  EXPECT_TRUE(config->rope_interleaved);
  ASSERT_TRUE(config->vision);
  EXPECT_EQ(config->vision->merge, 2);
}

TEST(NativeConfig, WithoutMoeEveryLayerIsDense) {
  const auto config = parse_native_config(tiny_grouped_native().config, "p");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->architecture, "mistral");
  EXPECT_EQ(config->attention[1], AttentionKind::grouped);
  EXPECT_EQ(config->feed_forward[1], FeedForwardKind::dense);
  EXPECT_EQ(config->rope.factor, 1.0);
  EXPECT_EQ(config->query_scale.beta, 0.0);
}

TEST(NativeConfig, AppliedYarnScaleIsTheAttentionFactor) {
  Json params = tiny_native().config;
  params["yarn"]["apply_scale"] = true;
  const auto config = parse_native_config(params, "p");
  ASSERT_TRUE(config);
  EXPECT_NEAR(config->rope.attention_factor, 1.2772588722239782, 1e-15);  // 0.1 ln 16 + 1
}

TEST(NativeConfig, YarnReachesNoFurtherThanPositionsGo) {
  Json params = tiny_native().config;
  params.erase("max_position_embeddings");
  EXPECT_EQ(parse_native_config(params, "p")->max_position_embeddings, 16 * 256);
  params["yarn"]["factor"] = 1e6;
  params["yarn"]["original_max_position_embeddings"] = int64_t{1} << 31;
  EXPECT_EQ(parse_native_config(params, "p")->max_position_embeddings, int64_t{1} << 31);
}

TEST(NativeConfig, UnknownKeysAndNullsAreIgnored) {
  EXPECT_EQ(refusal([](Json& p) { p["new_key"] = {1, 2}; }), "accepted");
  EXPECT_EQ(refusal([](Json& p) { p["sliding_window"] = nullptr; }), "accepted");
}

TEST(NativeConfig, NamesFieldExpectedAndActual) {
  EXPECT_EQ(parse_native_config(Json::array(), "p").error().message, "p: an array, expected an object");
  EXPECT_EQ(refusal([](Json& p) { p.erase("dim"); }),
            "p: dim: is missing, expected a whole number from 1 to 262144");
  EXPECT_EQ(refusal([](Json& p) { p["dim"] = 0; }), "p: dim: 0, expected a whole number from 1 to 262144");
  EXPECT_EQ(refusal([](Json& p) { p["dim"] = 18446744073709551615u; }),
            "p: dim: 18446744073709551615, expected a whole number from 1 to 262144");
  EXPECT_EQ(refusal([](Json& p) { p["n_layers"] = 1e300; }),
            "p: n_layers: 1e+300, expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](Json& p) { p["n_layers"] = "36"; }),
            "p: n_layers: \"36\", expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](Json& p) { p["norm_eps"] = {}; }),
            "p: norm_eps: is missing, expected a number from 1e-12 to 0.1");
  EXPECT_EQ(refusal([](Json& p) { p["norm_eps"] = true; }),
            "p: norm_eps: true, expected a number from 1e-12 to 0.1");
  EXPECT_EQ(refusal([](Json& p) { p["tied_embeddings"] = 1; }),
            "p: tied_embeddings: 1, expected true or false");
  EXPECT_EQ(refusal([](Json& p) { p["moe"] = 5; }), "p: moe: 5, expected an object");
  EXPECT_EQ(refusal([](Json& p) { p["moe"]["num_experts"] = -1; }),
            "p: moe.num_experts: -1, expected a whole number from 1 to 4096");
  EXPECT_EQ(refusal([](Json& p) { p["moe"]["route_every_n"] = 2; }),
            "p: moe.route_every_n: only 1 (experts in every layer) is supported");
  EXPECT_EQ(refusal([](Json& p) {
              p["quantization"] = {{"qformat_weight", 3}};
            }),
            "p: quantization.qformat_weight: 3, expected a string");
}

TEST(NativeConfig, RefusesWhatDoesNotFitTogether) {
  EXPECT_EQ(refusal([](Json& p) { p["qk_rope_head_dim"] = 7; }), "p: rope dimension 7 is odd");
  EXPECT_EQ(refusal([](Json& p) { p["n_kv_heads"] = 2; }),
            "p: 2 key/value heads with latent attention, expected 3 (or 1)");
  EXPECT_EQ(refusal([](Json& p) { p["moe"]["num_expert_groups"] = 2; }),
            "p: 5 experts do not divide into 2 groups");
  EXPECT_EQ(refusal([](Json& p) { p["moe"]["num_expert_groups_per_tok"] = 2; }),
            "p: 2 groups a token, but there are 1");
  EXPECT_EQ(refusal([](Json& p) { p["moe"]["num_experts_per_tok"] = 6; }),
            "p: 6 experts a token, expected at most 5");
  EXPECT_EQ(refusal([](Json& p) {
              p["moe"]["num_expert_groups"] = 5;
              p["moe"]["num_experts_per_tok"] = 1;
            }),
            "p: 5 experts in 5 groups, expected at least 2 a group");
  EXPECT_EQ(refusal([](Json& p) { p["yarn"]["beta"] = 0.5; }),
            "p: yarn: beta_fast 0.5 is not above beta_slow 1");
  EXPECT_EQ(refusal([](Json& p) {
              p.erase("hidden_dim");
              p["moe"]["first_k_dense_replace"] = 1;
            }),
            "p: dense layers, but no width for their feed-forward (hidden_dim, intermediate_size)");
  EXPECT_EQ(refusal([](Json& p) { p["vision_encoder"]["num_attention_heads"] = 3; }),
            "p: vision: width 16 does not divide by 3 heads");
  EXPECT_EQ(refusal([](Json& p) { p["vision_encoder"]["num_attention_heads"] = 8; }),
            "p: vision: head dimension 2 does not divide by 4 (rotary rows and columns)");
  EXPECT_EQ(refusal([](Json& p) { p["vision_encoder"]["spatial_merge_size"] = 64; }),
            "p: vision: 64 merged patches of 2 do not fit an image of 28");
  Json grouped = tiny_grouped_native().config;
  grouped["n_kv_heads"] = 3;
  EXPECT_EQ(parse_native_config(grouped, "p").error().message,
            "p: 4 heads do not divide among 3 key/value heads");
  grouped["n_kv_heads"] = 2;
  grouped["head_dim"] = 7;
  EXPECT_EQ(parse_native_config(grouped, "p").error().message, "p: head dimension 7 is odd");
  grouped.erase("head_dim");
  grouped["dim"] = 3;  // among four heads
  EXPECT_EQ(parse_native_config(grouped, "p").error().message,
            "p: head dimension 0, expected a number from 2 to 16384");
}

}  // namespace
}  // namespace sirocco
