// SPDX-License-Identifier: Apache-2.0
// What an engine makes of its options, on the bundled miniature.
#include <gtest/gtest.h>

#include "sirocco/engine.h"

namespace sirocco {
namespace {

std::unique_ptr<Engine> open(bool exact, CacheType cache_type) {
  EngineOptions options;
  options.model_path = SIROCCO_SOURCE_DIR "/models/mini";
  options.context_tokens = 256;
  options.max_sequences = 1;
  options.threads = 1;
  options.exact = exact;
  options.cache_type = cache_type;
  auto engine = Engine::open(options);
  EXPECT_TRUE(engine) << engine.error().message;
  return engine ? std::move(*engine) : nullptr;
}

TEST(OpenEngine, ACacheTypeThatIsNamedHoldsInExactModeToo) {
  const auto page_bytes = [](bool exact, CacheType type) { return open(exact, type)->info().page_bytes; };
  const int64_t f32 = page_bytes(false, CacheType::f32), bf16 = page_bytes(false, CacheType::bf16),
                q8 = page_bytes(false, CacheType::q8);
  EXPECT_EQ(f32, 2 * bf16);
  EXPECT_LT(q8, bf16);
  EXPECT_EQ(page_bytes(false, CacheType::automatic), bf16);
  EXPECT_EQ(page_bytes(true, CacheType::automatic), f32);
  EXPECT_EQ(page_bytes(true, CacheType::bf16), bf16);
  EXPECT_EQ(page_bytes(true, CacheType::q8), q8);
}

TEST(OpenEngine, EffortsThatThinkAreWarmerByDefault) {
  const auto engine = open(false, CacheType::automatic);
  const auto temperature = [&](const std::string& fields) {
    const auto request = engine->chat_request(R"({"messages": [{"role": "user", "content": "Hi"}])" + fields + "}");
    EXPECT_TRUE(request) << request.error().message;
    return request ? request->sampling.temperature : -1.0;
  };
  for (const std::string effort : {"low", "medium", "high", "xhigh", "max"})
    EXPECT_EQ(temperature(R"(, "reasoning_effort": ")" + effort + '"'), 0.7) << effort;
  for (const std::string effort : {"none", "minimal", "unheard of", ""})
    EXPECT_EQ(temperature(R"(, "reasoning_effort": ")" + effort + '"'), 0.3) << effort;
  EXPECT_EQ(temperature(""), 0.3);
  EXPECT_EQ(temperature(R"(, "reasoning_effort": "high", "temperature": 1)"), 1.0);
}

}  // namespace
}  // namespace sirocco
