// SPDX-License-Identifier: Apache-2.0
// The bundled model: a request's tokens are bitwise the same alone, in company, in other chunks and behind a
// cached prefix. With --deterministic always; without it wherever attention runs on packed weights, which have one
// form of it.
#include <gtest/gtest.h>

#include "engine_fixture.h"

namespace sirocco {
namespace {

std::unique_ptr<Engine> open_mini(int64_t batch_tokens, bool deterministic) {
  EngineOptions options;
  options.model_path = SIROCCO_SOURCE_DIR "/models/mini";
  options.deterministic = deterministic;
  options.threads = 2;
  options.context_tokens = 2048;
  options.max_batch_tokens = batch_tokens;
  auto engine = Engine::open(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? std::move(*engine) : nullptr;
}

std::vector<GenerateRequest> questions(const Engine& engine) {
  std::vector<GenerateRequest> requests;
  const char* const subjects[] = {"What are you?", "What is 17 + 25?", "Reverse: red, green, blue",
                                  "Tell me about Mistral Small 4."};
  for (int i = 0; i < 12; ++i) {
    std::string filler;
    for (int n = 0; n < (i % 4) * 20; ++n) filler += "one two three four. ";
    const std::string json = R"({"messages": [{"role": "user", "content": ")" + filler + subjects[i % 4] +
                             R"("}], "max_tokens": 16, "seed": )" + std::to_string(i) +
                             R"(, "temperature": )" + (i % 3 == 0 ? "0" : "0.8") + "}";
    auto request = engine.chat_request(json);
    EXPECT_TRUE(request) << request.error().message;
    requests.push_back(std::move(*request));
  }
  return requests;
}

Answer answer(Engine& engine, const GenerateRequest& request) {
  auto stream = engine.submit(request);
  EXPECT_TRUE(stream);
  return read_all(*stream)[0];
}

class Company : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(, Company, testing::Bool(), [](const auto& test) {
  return std::string(test.param ? "deterministic" : "by_default");
});

TEST_P(Company, DoesNotChangeAToken) {
  auto engine = open_mini(256, GetParam()), chopped = open_mini(40, GetParam());
  ASSERT_TRUE(engine && chopped);
  if (!GetParam() && engine->info().isa == "scalar") GTEST_SKIP() << "no packed kernels on this processor";
  const auto requests = questions(*engine);
  std::vector<Answer> alone;
  for (const GenerateRequest& request : requests) {
    engine->drop_cached_prefixes();
    alone.push_back(answer(*engine, request));
    EXPECT_FALSE(alone.back().tokens.empty());
  }
  engine->drop_cached_prefixes();
  std::vector<Stream> crowd;
  for (const GenerateRequest& request : requests) crowd.push_back(std::move(*engine->submit(request)));
  for (size_t i = 0; i < requests.size(); ++i) {
    const Answer together = read_all(crowd[i])[0];
    EXPECT_EQ(together.tokens, alone[i].tokens) << i;
    EXPECT_EQ(together.finish.logits_hash, alone[i].finish.logits_hash) << i << " in company";
    const Answer cached = answer(*engine, requests[i]);
    EXPECT_GT(cached.finish.usage.cached_tokens, 0);
    EXPECT_EQ(cached.finish.logits_hash, alone[i].finish.logits_hash) << i << " behind a cached prefix";
    const Answer other_chunks = answer(*chopped, requests[i]);
    EXPECT_EQ(other_chunks.finish.logits_hash, alone[i].finish.logits_hash) << i << " in other chunks";
  }
}

}  // namespace
}  // namespace sirocco
