// SPDX-License-Identifier: Apache-2.0
#include "engine/check_options.h"

#include <gtest/gtest.h>

#include "sirocco/engine.h"

namespace sirocco {
namespace {

TEST(CheckOptions, DefaultsAreFine) {
  EXPECT_TRUE(check_options({}));
}

TEST(CheckOptions, NameTheFieldAndItsBounds) {
  EngineOptions options;
  options.max_batch_tokens = 0;
  EXPECT_EQ(check_options(options).error().message, "max_batch_tokens: 0, expected 1 to 65536");
  options = {};
  options.threads = -1;
  EXPECT_EQ(check_options(options).error().message, "threads: -1, expected 0 to 4096");
  options = {};
  options.max_sequences = 0;
  EXPECT_EQ(check_options(options).error().message, "max_sequences: 0, expected 1 to 4096");
}

TEST(CheckOptions, AreCheckedBeforeAnythingIsOpened) {
  EngineOptions options;
  options.model_path = "/no/such/model";
  options.cache_bytes = -1;
  const auto engine = Engine::open(options);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().kind, ErrorKind::bad_input);
  EXPECT_NE(engine.error().message.find("cache_bytes"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
