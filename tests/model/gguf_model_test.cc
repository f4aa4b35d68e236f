// SPDX-License-Identifier: Apache-2.0
// Configuration and binding of GGUF files: keys and their defaults, which deepseek2 files are this model,
// both forms of experts and of kv_b.
#include <gtest/gtest.h>

#include <functional>

#include "model/bind.h"
#include "support/temporary_directory.h"
#include "support/tiny_gguf.h"

namespace sirocco {
namespace {

struct Opened {
  TemporaryDirectory directory;
  Result<Checkpoint> checkpoint = bad_input("");
  Result<Config> config = bad_input("");
  Result<ModelWeights> weights = bad_input("");

  explicit Opened(const TinyGguf& gguf) {
    const std::string path = directory.write("m.gguf", gguf.bytes());
    checkpoint = Checkpoint::open(path);
    if (checkpoint) config = read_config(*checkpoint);
    if (config) weights = bind_weights(*checkpoint, *config);
  }
  std::string message() const {
    const std::string text = !checkpoint ? checkpoint.error().message
                             : !config   ? config.error().message
                             : !weights  ? weights.error().message
                                         : "accepted";
    const size_t at = text.find(directory.path());
    return at == std::string::npos ? text : text.substr(at + directory.path().size() + 1);
  }
};

std::string refusal(const std::function<void(TinyGguf&)>& spoil,
                    const std::string& architecture = "mistral4") {
  TinyGguf gguf = tiny_gguf(architecture);
  spoil(gguf);
  return Opened(gguf).message();
}

TEST(GgufModel, MissingKeysGetThisArchitecturesValues) {
  const Opened opened(tiny_gguf());
  ASSERT_TRUE(opened.weights) << opened.message();
  const Config& c = *opened.config;
  EXPECT_EQ(c.nope_dim, 10);
  EXPECT_EQ(c.v_head_dim, 14);
  EXPECT_EQ(c.rope.factor, 16.0);
  EXPECT_NEAR(c.rope.mscale_all_dim, 1.0, 1e-6);
  EXPECT_EQ(c.rope.attention_factor, 1.0);
  EXPECT_EQ(c.query_scale.beta, 0.1);
  EXPECT_EQ(c.query_scale.original_max_positions, 256);
  EXPECT_EQ(c.experts.groups, 1);
  EXPECT_TRUE(c.experts.normalise);
  EXPECT_EQ(c.stored_dtype, "f32");
}

TEST(GgufModel, SplitAndJointTensors) {
  TinyGguf gguf = tiny_gguf();
  for (TinyGguf::Tensor& tensor : gguf.tensors) {
    if (tensor.name == "blk.0.ffn_gate_up_exps.weight") tensor = {"blk.0.ffn_gate_exps.weight", {24, 16, 5}};
    if (tensor.name == "blk.0.attn_k_b.weight") tensor = {"blk.0.attn_kv_b.weight", {12, 72}};
  }
  gguf.tensors.push_back({"blk.0.ffn_up_exps.weight", {24, 16, 5}});
  gguf.remove("blk.0.attn_v_b.weight");
  gguf.remove("output.weight");
  const Opened opened(gguf);
  ASSERT_TRUE(opened.weights) << opened.message();
  const ModelWeights& w = *opened.weights;
  EXPECT_EQ(w.head.data, w.embedding.data);
  EXPECT_TRUE(w.layers[0].latent.kv_b.present());
  EXPECT_TRUE(w.layers[0].latent.k_b.empty());
  ASSERT_EQ(w.layers[1].latent.k_b.size(), 3u);
  EXPECT_EQ(w.layers[1].latent.k_b[2].rows, 12);
  EXPECT_EQ(w.layers[1].latent.k_b[2].cols, 10);
  EXPECT_EQ(w.layers[1].latent.v_b[2].data - w.layers[1].latent.v_b[0].data, 2 * 14 * 12 * 4);
  EXPECT_EQ(w.layers[1].experts[4].up.data - w.layers[1].experts[4].gate.data, 16 * 24 * 4);
}

TEST(GgufModel, SizeOfTheVocabularyFromTheEmbedding) {
  EXPECT_EQ(refusal([](TinyGguf& g) { g.erase("mistral4.vocab_size"); }), "accepted");
  EXPECT_EQ(refusal([](TinyGguf& g) {
              g.erase("mistral4.vocab_size");
              g.remove("token_embd.weight");
            }),
            "m.gguf: vocab_size is missing, and so is token_embd.weight");
}

TEST(GgufModel, OlderKeyLengthsAreTheExpandedOnes) {
  const Opened opened([] {
    TinyGguf g = tiny_gguf();
    g.erase("mistral4.attention.key_length_mla");
    g.erase("mistral4.attention.value_length_mla");
    g.set("mistral4.attention.key_length", 16u);
    g.set("mistral4.attention.value_length", 14u);
    return g;
  }());
  ASSERT_TRUE(opened.config) << opened.message();
  EXPECT_EQ(opened.config->nope_dim, 10);
}

TEST(GgufModel, DeepseekFilesOnlyWhenTheyAreThisModel) {
  const std::string prefix = "m.gguf: a deepseek2 file that is not Mistral Small 4: ";
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("tokenizer.ggml.pre", std::string("tekken")); }, "deepseek2"),
            "accepted");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("deepseek2.attention.temperature_scale", 0.1f); }, "deepseek2"),
            "accepted");
  EXPECT_EQ(refusal([](TinyGguf&) {}, "deepseek2"), prefix + "its tokenizer is not stated");
  EXPECT_EQ(
      refusal([](TinyGguf& g) { g.set("tokenizer.ggml.pre", std::string("deepseek-v3")); }, "deepseek2"),
      prefix + "its tokenizer is 'deepseek-v3'");
  EXPECT_EQ(refusal(
                [](TinyGguf& g) {
                  g.set("tokenizer.ggml.pre", std::string("tekken"));
                  g.set("deepseek2.expert_gating_func", 2u);
                },
                "deepseek2"),
            prefix + "its expert_gating_func is 2");
  EXPECT_EQ(refusal(
                [](TinyGguf& g) {
                  g.set("tokenizer.ggml.pre", std::string("tekken"));
                  g.erase("deepseek2.attention.q_lora_rank");
                },
                "deepseek2"),
            prefix + "it has no attention.q_lora_rank");
}

TEST(GgufModel, NamesKeyExpectedAndActual) {
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("general.architecture", std::string("llama")); }),
            "m.gguf: general.architecture is 'llama', expected mistral4 (or deepseek2)");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.erase("general.architecture"); }),
            "m.gguf: general.architecture is missing");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.erase("mistral4.block_count"); }),
            "m.gguf: mistral4.block_count: is missing, expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.block_count", 4000000000u); }),
            "m.gguf: mistral4.block_count: 4000000000, expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.block_count", std::string("two")); }),
            "m.gguf: mistral4.block_count: no whole number, expected a whole number from 1 to 1024");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.rope.freq_base", NAN); }),
            "m.gguf: mistral4.rope.freq_base: nan, expected a number from 1 to 1000000000000000");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.rope.scaling.type", std::string("linear")); }),
            "m.gguf: mistral4.rope.scaling.type: 'linear', expected yarn or none");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.rope.dimension_count", 16u); }),
            "m.gguf: mistral4.rope.dimension_count: 16, expected less than the key length 16");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.expert_gating_func", 2u); }),
            "m.gguf: mistral4.expert_gating_func: 2, expected 1 (softmax)");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.set("mistral4.expert_weights_norm", 1u); }),
            "m.gguf: mistral4.expert_weights_norm: expected true or false");
  EXPECT_EQ(refusal([](TinyGguf& g) { g.remove("blk.1.ffn_down_exps.weight"); }).substr(6),
            ": tensor 'blk.1.ffn_down_exps.weight' is missing, expected [5, 24, 16]");
}

}  // namespace
}  // namespace sirocco
