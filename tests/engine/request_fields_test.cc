// SPDX-License-Identifier: Apache-2.0
#include "engine/request_fields.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine_fixture.h"

namespace sirocco {
namespace {

const Tokenizer& tokenizer() {
  static const Tokenizer mini = mini_tokenizer();
  return mini;
}

std::string read(const char* json, GenerateRequest& request, std::vector<std::string>* ignored = nullptr) {
  auto parsed = parse_python_json(json, "test");
  EXPECT_TRUE(parsed) << json;
  auto ok = read_request_fields(*parsed, tokenizer(), request, ignored);
  return ok ? "" : ok.error().message;
}

TEST(RequestFields, SpellingsOfThreeFamilies) {
  GenerateRequest r;
  EXPECT_EQ(read(R"({"temperature": 0.5, "top_p": 0, "top_k": -1, "min_p": 0.1, "seed": 7, "n": 2,
                     "max_completion_tokens": 5.0, "stop": "x", "presence_penalty": null,
                     "repetition_penalty": 1.5, "cache_prompt": false, "logprobs": true, "top_logprobs": 4})",
                 r),
            "");
  EXPECT_EQ(r.sampling.temperature, 0.5);
  EXPECT_EQ(r.sampling.top_p, 1e-9);
  EXPECT_EQ(r.sampling.top_k, 0);
  EXPECT_EQ(r.sampling.repetition_penalty, 1.5);
  EXPECT_TRUE(r.sampling.has_seed);
  EXPECT_EQ(r.sampling.seed, 7u);
  EXPECT_EQ(r.choices, 2);
  EXPECT_EQ(r.max_tokens, 5);
  EXPECT_EQ(r.stop, std::vector<std::string>{"x"});
  EXPECT_FALSE(r.use_prefix_cache);
  EXPECT_EQ(r.logprobs, 4);

  GenerateRequest llama;
  EXPECT_EQ(read(R"({"n_predict": -1, "repeat_penalty": 1.1, "repeat_last_n": 64, "seed": -1, "n_probs": 3,
                     "stop": ["a", "b"], "typical_p": 0.9, "return_progress": true})",
                 llama),
            "");
  EXPECT_EQ(llama.max_tokens, -1);
  EXPECT_EQ(llama.sampling.repetition_last_tokens, 64);
  EXPECT_FALSE(llama.sampling.has_seed);
  EXPECT_EQ(llama.logprobs, 3);
  EXPECT_EQ(llama.stop.size(), 2u);
  EXPECT_TRUE(llama.report_progress);
}

TEST(RequestFields, RestrictionsOfTheVocabularyAndOfTime) {
  GenerateRequest r;
  EXPECT_EQ(read(R"({"allowed_token_ids": [5, 1000], "bad_words": ["Hello", " x"], "t_max_predict_ms": 250,
                     "prompt_logprobs": true, "max_tokens": 0})",
                 r),
            "");
  EXPECT_EQ(r.allowed_tokens, (std::vector<int32_t>{5, 1000}));
  ASSERT_EQ(r.bad_words.size(), 3u);  // "Hello", " Hello", " x"
  EXPECT_EQ(r.bad_words[1], tokenizer().encode(" Hello"));
  EXPECT_EQ(r.answer_timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(r.prompt_logprobs, 1);
  EXPECT_EQ(r.max_tokens, 0);
  for (const char* bad : {R"({"allowed_token_ids": [-1]})", R"({"allowed_token_ids": 5})",
                          R"({"bad_words": "x"})", R"({"bad_words": [""]})"}) {
    EXPECT_NE(read(bad, r), "") << bad;
  }
}

TEST(RequestFields, WhatIsNotNamedStays) {
  GenerateRequest r;
  r.sampling.temperature = 0.3;
  r.stop = {"kept"};
  EXPECT_EQ(read("{}", r), "");
  EXPECT_EQ(r.sampling.temperature, 0.3);
  EXPECT_EQ(r.stop, std::vector<std::string>{"kept"});
}

TEST(RequestFields, BiasTakesIdsTextsAndFalse) {
  GenerateRequest r;
  EXPECT_EQ(read(R"({"logit_bias": {"1100": -5}})", r), "");
  ASSERT_EQ(r.sampling.logit_bias.size(), 1u);
  EXPECT_EQ(r.sampling.logit_bias[0], (std::pair<int32_t, float>{1100, -5.0F}));
  EXPECT_EQ(read(R"({"logit_bias": [[1101, false], ["a", 2]]})", r), "");
  ASSERT_EQ(r.sampling.logit_bias.size(), 2u);
  EXPECT_TRUE(std::isinf(r.sampling.logit_bias[0].second));
  EXPECT_EQ(r.sampling.logit_bias[1].first, tokenizer().encode("a")[0]);
}

TEST(RequestFields, BreakersBecomeTokens) {
  GenerateRequest r;
  EXPECT_EQ(read(R"({"dry_multiplier": 0.8, "dry_sequence_breakers": ["\n"]})", r), "");
  const auto newline = tokenizer().encode("\n");
  ASSERT_EQ(newline.size(), 1u);
  EXPECT_TRUE(std::ranges::binary_search(r.sampling.dry.breaker_tokens, newline[0]));
  EXPECT_TRUE(std::ranges::is_sorted(r.sampling.dry.breaker_tokens));
  EXPECT_EQ(read(R"({"dry_multiplier": 0.8, "dry_sequence_breakers": ["xqxq zz"]})", r), "");
  ASSERT_EQ(r.sampling.dry.breakers.size(), 1u);
  EXPECT_EQ(r.sampling.dry.breakers[0], tokenizer().encode("xqxq zz"));
  GenerateRequest off;
  EXPECT_EQ(read("{}", off), "");
  EXPECT_TRUE(off.sampling.dry.breakers.empty());
  EXPECT_TRUE(off.sampling.dry.breaker_tokens.empty());
  std::string many = R"({"dry_multiplier": 1, "dry_sequence_breakers": ["a")";
  for (int i = 0; i < 64; ++i) many += R"(, "a")";
  EXPECT_NE(read((many + "]}").c_str(), r), "");
}

TEST(RequestFields, ARepeatPenaltyByLlamasNameHasItsWindow) {
  GenerateRequest llama, own, vllm;
  EXPECT_EQ(read(R"({"repeat_penalty": 1.1})", llama), "");
  EXPECT_EQ(llama.sampling.repetition_last_tokens, 64);
  EXPECT_EQ(read(R"({"repeat_last_n": 7, "repeat_penalty": 1.1})", own), "");
  EXPECT_EQ(own.sampling.repetition_last_tokens, 7);
  EXPECT_EQ(read(R"({"repetition_penalty": 1.1})", vllm), "");
  EXPECT_EQ(vllm.sampling.repetition_last_tokens, -1);
}

TEST(RequestFields, ErrorsNameTheField) {
  const auto message = [](const char* json) {
    GenerateRequest r;
    return read(json, r);
  };
  EXPECT_EQ(message(R"({"temperature": "hot"})"), "temperature: expected a number");
  EXPECT_EQ(message(R"({"max_tokens": 1.5})"), "max_tokens: expected an integer");
  EXPECT_EQ(message(R"({"seed": 1e300})"), "seed: expected an integer");
  EXPECT_EQ(message(R"({"ignore_eos": 1})"), "ignore_eos: expected true or false");
  EXPECT_EQ(message(R"({"stop": [1]})"), "stop: expected a string or a list of strings");
  EXPECT_EQ(message(R"({"stop_token_ids": [99999999]})"), "stop_token_ids: expected a list of token ids");
  EXPECT_NE(message(R"({"logit_bias": {"99999999": 1}})").find("logit_bias"), std::string::npos);
  EXPECT_NE(message(R"({"logit_bias": [[1]]})").find("logit_bias"), std::string::npos);
  EXPECT_EQ(message("[]"), "request: expected an object");
}

TEST(RequestFields, UnknownOnesAreNamedNotRefused) {
  GenerateRequest r;
  std::vector<std::string> ignored;
  EXPECT_EQ(read(R"({"messages": [], "model": "m", "temperature": 1, "frobnicate": 3})", r, &ignored), "");
  EXPECT_EQ(ignored, std::vector<std::string>{"frobnicate"});
}

}  // namespace
}  // namespace sirocco
