// SPDX-License-Identifier: Apache-2.0
// /v1/completions and its native sister in depth: log-probabilities and their offsets, many prompts in a call.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

using namespace std::chrono_literals;

TEST(CompletionLogprobs, AlwaysNameTheChosenToken) {
  TestServer server;
  Json body = {{"prompt", "x"}, {"max_tokens", 1}, {"logprobs", 0}};
  const auto top = [&] {
    return server.post("/v1/completions", body).json()["choices"][0]["logprobs"]["top_logprobs"];
  };
  EXPECT_EQ(top(), Json::array({{{"a", -0.5}}}));
  body["logprobs"] = 2;
  const Json two = top()[0];  // the fake engine likes capitals best, and says others
  EXPECT_EQ(two.size(), 3u);
  EXPECT_TRUE(two.contains("A") && two.contains("B")) << two;
  EXPECT_EQ(two["a"], -0.5);
}

TEST(CompletionLogprobs, CountOffsetsInCharacters) {
  TestServer server;
  Json body = {{"prompt", "é"}, {"max_tokens", 2}, {"echo", true}, {"logprobs", 0}};
  for (const bool stream : {false, true}) {
    body["stream"] = stream;
    const HttpAnswer answer = server.post("/v1/completions", body);
    Json offsets = Json::array();
    for (const Json& event : stream ? answer.events() : std::vector<Json>{answer.json()}) {
      const Json& logprobs = event["choices"][0]["logprobs"];
      if (logprobs.is_null()) continue;
      for (const Json& offset : logprobs["text_offset"]) offsets.push_back(offset);
    }
    EXPECT_EQ(offsets, Json({0, 0, 1, 1, 2})) << stream;  // <s>, the two bytes of é, a, n
  }
}

TEST(NativeLogprobs, ActOnTheFieldsOfOtherServers) {
  TestServer server;
  const Json json = server
                        .post("/completion", {{"prompt", "ab"},
                                              {"n_predict", 1},
                                              {"logprobs", 0},
                                              {"prompt_logprobs", 0},
                                              {"return_tokens_as_token_ids", true}})
                        .json();
  EXPECT_EQ(json["completion_probabilities"][0]["token"], "token_id:1097");
  ASSERT_EQ(json["prompt_logprobs"].size(), 3u) << json;
  EXPECT_TRUE(json["prompt_logprobs"][0].is_null());
  EXPECT_EQ(json["prompt_logprobs"][1]["1097"]["logprob"], -0.25);
}

Json prompts(size_t count, const Json& more = Json::object()) {
  Json body = {{"prompt", Json(count, "a")}, {"max_tokens", 1}};
  body.update(more);
  return body;
}

TEST(ManyPrompts, AreTakenAsFarAsTheQueueGoes) {
  TestServer server({.engine = {.max_waiting = 200}, .service = {.max_queue_requests = 200}, .http = {}});
  EXPECT_EQ(server.post("/v1/completions", prompts(150)).json()["choices"].size(), 150u);
  EXPECT_EQ(server.post("/completion", prompts(150)).json().size(), 150u);
  for (const char* path : {"/v1/completions", "/completion"}) {
    const HttpAnswer many = server.post(path, prompts(201));
    EXPECT_EQ(many.status, 400);  // would never be let in
    EXPECT_EQ(many.json()["error"]["param"], "prompt");
  }
}

TEST(ManyPrompts, AreBoundedWithWhatEachOfThemHolds) {
  TestServer server({.engine = {.max_waiting = 5000}, .service = {}, .http = {}});
  EXPECT_EQ(server.post("/v1/completions", prompts(4097)).status, 400);
  EXPECT_EQ(server.post("/v1/completions", prompts(65, {{"n", 127}})).status, 400);
  Json bias = Json::object();
  for (int i = 0; i < 3000; ++i) bias[std::to_string(i)] = 1;
  EXPECT_EQ(server.post("/v1/completions", prompts(4000, {{"logit_bias", bias}})).status, 400);
  EXPECT_EQ(server.post("/v1/completions", prompts(40, {{"logit_bias", bias}})).status, 200);
  const HttpAnswer stops = server.post("/v1/completions", prompts(900, {{"stop", std::string(600000, 'x')}}));
  EXPECT_EQ(stops.status, 400);
  EXPECT_EQ(stops.json()["error"]["param"], "prompt");  // before each prompt had its copy
  const HttpAnswer suffix = server.post("/v1/completions", prompts(4000, {{"suffix", std::string(10000, 'x')}}));
  EXPECT_EQ(suffix.status, 400);
  EXPECT_EQ(suffix.json()["error"]["param"], "suffix");
}

TEST(ManyPrompts, OfMoreTokensThanMayWaitAreRefusedWhole) {
  TestServer server({.engine = {.max_waiting = 5000}, .service = {.max_queue_tokens = 300}, .http = {}});
  EXPECT_EQ(server.post("/v1/completions", prompts(100)).status, 200);
  const HttpAnswer refused = server.post("/v1/completions", prompts(400));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()["error"]["param"], "prompt");
  EXPECT_EQ(server.engine().stats().waiting, 0);
}

TEST(ManyPrompts, EnterTheQueueTogetherOrNotAtAll) {
  TestServer server({.engine = {.max_running = 1, .max_waiting = 3, .step = 1ms},
                     .service = {.max_queue_requests = 3},
                     .http = {}});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    clients.back()->send(request_text("POST", "/v1/chat/completions", chat_body("forever").dump()));
    ASSERT_TRUE(server.wait_until([&] {
      const EngineStats stats = server.engine().stats();
      return stats.running + stats.waiting == i + 1;
    }));
  }
  const HttpAnswer refused = server.post("/v1/completions", prompts(3));
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  EXPECT_EQ(server.engine().stats().waiting, 1);
}

}  // namespace
}  // namespace sirocco
