// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "model/bind.h"
#include "support/tiny_checkpoint.h"

namespace sirocco {
namespace {

Json tiny() {
  return tiny_hugging_face("model.language_model", "lm_head").config;
}

std::string refusal(const std::function<void(Json&)>& spoil) {
  Json json = tiny();
  spoil(json);
  const auto config = parse_hugging_face_config(json, "c");
  return config ? "accepted" : config.error().message;
}

TEST(HuggingFaceConfig, AgreesWithTheNativeSpelling) {
  const auto config = parse_hugging_face_config(tiny(), "c");
  const auto native = parse_native_config(tiny_native(false, true).config, "p");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->architecture, "mistral4");
  EXPECT_EQ(config->head_dim, native->head_dim);
  EXPECT_EQ(config->q_lora_rank, native->q_lora_rank);
  EXPECT_EQ(config->rope.factor, native->rope.factor);
  EXPECT_EQ(config->rope.attention_factor, native->rope.attention_factor);
  EXPECT_EQ(config->query_scale.beta, native->query_scale.beta);
  EXPECT_EQ(config->query_scale.original_max_positions, native->query_scale.original_max_positions);
  EXPECT_EQ(config->feed_forward, native->feed_forward);
  EXPECT_EQ(config->vision->hidden, native->vision->hidden);
  EXPECT_EQ(config->vision->merge, native->vision->merge);
  EXPECT_TRUE(config->rope_interleaved);
}

TEST(HuggingFaceConfig, PlainTextModelAndDefaultsOfItsClass) {
  Json text = tiny()["text_config"];
  text.erase("rope_parameters");
  const auto config = parse_hugging_face_config(text, "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->rope.factor, 128.0);
  EXPECT_EQ(config->rope.original_max_positions, 8192);
  EXPECT_EQ(config->query_scale.beta, 0.1);
  EXPECT_FALSE(config->vision);
}

TEST(HuggingFaceConfig, DenseAncestors) {
  const Json small3 = {{"model_type", "mistral"},
                       {"hidden_size", 5120},
                       {"intermediate_size", 32768},
                       {"num_hidden_layers", 40},
                       {"num_attention_heads", 32},
                       {"num_key_value_heads", 8},
                       {"head_dim", 128},
                       {"vocab_size", 131072},
                       {"rms_norm_eps", 1e-5},
                       {"max_position_embeddings", 32768},
                       {"rope_theta", 1e8},
                       {"sliding_window", nullptr},
                       {"torch_dtype", "bfloat16"}};
  auto config = parse_hugging_face_config(small3, "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->attention[0], AttentionKind::grouped);
  EXPECT_FALSE(config->rope_interleaved);
  EXPECT_EQ(config->rope.theta, 1e8);
  EXPECT_EQ(config->stored_dtype, "bf16");
  Json small31 = {
      {"model_type", "mistral3"}, {"text_config", small3}, {"vision_config", {{"model_type", "pixtral"}}}};
  config = parse_hugging_face_config(small31, "c");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->vision->layers, 24);
  EXPECT_EQ(config->vision->patch, 14);
  small31["text_config"]["hidden_act"] = small31["vision_config"]["hidden_act"] = "silu";  // as it is published
  small31["projector_hidden_act"] = "gelu";
  config = parse_hugging_face_config(small31, "c");
  EXPECT_TRUE(config) << config.error().message;
}

TEST(HuggingFaceConfig, AttentionFactorAsTransformersInfersIt) {
  const auto factor = [](const std::function<void(Json&)>& change) {
    Json json = tiny();
    change(json["text_config"]["rope_parameters"]);
    return parse_hugging_face_config(json, "c")->rope.attention_factor;
  };
  EXPECT_EQ(factor([](Json&) {}), 1.0);
  EXPECT_NEAR(factor([](Json& r) { r.erase("mscale"); }), 1.2772588722239782, 1e-15);
  EXPECT_NEAR(factor([](Json& r) { r["mscale"] = 0.5; }), 1.1386294361119891 / 1.2772588722239782, 1e-15);
  EXPECT_EQ(factor([](Json& r) { r["attention_factor"] = 1.25; }), 1.25);
}

TEST(HuggingFaceConfig, NamesQuantisation) {
  Json json = tiny();
  json["quantization_config"] = {{"quant_method", "fp8"}};
  EXPECT_EQ(parse_hugging_face_config(json, "c")->stored_dtype, "fp8");
  json["quantization_config"] = {{"quant_method", "compressed-tensors"}, {"format", "nvfp4-pack-quantized"}};
  EXPECT_EQ(parse_hugging_face_config(json, "c")->stored_dtype, "nvfp4");
  json.erase("quantization_config");
  json["dtype"] = "float32";
  EXPECT_EQ(parse_hugging_face_config(json, "c")->stored_dtype, "f32");
}

TEST(HuggingFaceConfig, RefusesOtherModels) {
  EXPECT_EQ(refusal([](Json& c) { c["model_type"] = "llama"; }),
            "c: model_type: 'llama', expected mistral3, mistral4, mistral or ministral3");
  EXPECT_EQ(refusal([](Json& c) { c["text_config"]["model_type"] = "llama"; }),
            "c: text_config.model_type: 'llama', expected mistral4, mistral or ministral3");
  EXPECT_EQ(refusal([](Json& c) { c.erase("text_config"); }),
            "c: text_config: is missing, expected an object");
  EXPECT_EQ(refusal([](Json& c) { c["vision_config"]["model_type"] = "clip"; }),
            "c: vision_config.model_type: 'clip', expected pixtral");
  EXPECT_EQ(refusal([](Json& c) { c["text_config"]["hidden_act"] = "gelu"; }),
            "c: text_config.hidden_act: 'gelu', expected silu");
  EXPECT_EQ(refusal([](Json& c) { c["vision_config"]["hidden_act"] = "gelu"; }),
            "c: vision_config.hidden_act: 'gelu', expected silu");
  EXPECT_EQ(refusal([](Json& c) { c["projector_hidden_act"] = "gelu_pytorch_tanh"; }),
            "c: projector_hidden_act: 'gelu_pytorch_tanh', expected gelu");
  EXPECT_EQ(refusal([](Json& c) { c["text_config"]["attention_bias"] = true; }),
            "c: text_config.attention_bias: true, expected false");
  EXPECT_EQ(refusal([](Json& c) { c["vision_feature_layer"] = -2; }),
            "c: vision_feature_layer: only -1 (the last layer) is supported");
  EXPECT_EQ(
      refusal([](Json& c) { c["text_config"]["rope_parameters"]["type"] = "llama3"; }),
      "c: text_config.rope_parameters.rope_type: 'llama3' in rope_parameters, expected default or yarn");
  EXPECT_EQ(refusal([](Json& c) { c["text_config"]["rope_parameters"]["factor"] = 0.5; }),
            "c: text_config.rope_parameters.factor: 0.5, expected a number from 1 to 1000000");
}

}  // namespace
}  // namespace sirocco
