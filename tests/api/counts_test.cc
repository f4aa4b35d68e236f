// SPDX-License-Identifier: Apache-2.0
// Numbers that run along with an answer: usage and timings of each piece, the state of /slots.
#include <gtest/gtest.h>

#include <map>

#include "api/parts.h"
#include "api/test_server.h"

namespace sirocco {
namespace {

using namespace std::chrono_literals;

Json counting(const Json& more) {
  Json body = {{"stream", true},
               {"stream_options", {{"include_usage", true}, {"continuous_usage_stats", true}}},
               {"timings_per_token", true}};
  body.update(more);
  return body;
}

// Every character is a token of the fake engine, so that the text tells what the counts must be.
void check_counts(const std::vector<Json>& events, int prompt_tokens, int choices) {
  std::map<int, size_t> said;
  int ended = 0;
  for (const Json& event : events) {
    if (event["choices"].empty()) continue;  // the sum at the end
    const Json& choice = event["choices"][0];
    const int index = choice["index"];
    said[index] += (choice.contains("delta") ? choice["delta"].value("content", "") : choice.value("text", "")).size();
    EXPECT_EQ(event["usage"]["prompt_tokens"], prompt_tokens) << event;
    EXPECT_EQ(event["usage"]["completion_tokens"], said[index]) << event;
    EXPECT_EQ(event["usage"]["total_tokens"], static_cast<size_t>(prompt_tokens) + said[index]) << event;
    if (said[index] == 0 && !event.contains("timings")) continue;  // the role, in front of all
    EXPECT_EQ(event["timings"]["predicted_n"], said[index]) << event;
    if (!choice["finish_reason"].is_null()) {
      ++ended;
      continue;
    }
    EXPECT_EQ(event["timings"]["prompt_n"], prompt_tokens) << event;
    EXPECT_EQ(event["timings"]["prompt_ms"], 1.0) << event;
    if (said[index] > 3) {
      EXPECT_GT(event["timings"]["predicted_ms"], 0.0) << event;
    }
  }
  EXPECT_EQ(ended, choices);
  EXPECT_EQ(said.size(), static_cast<size_t>(choices));
}

TEST(Counts, RunAlongWithChatChunks) {
  TestServer server({.engine = {.step = 1ms}, .service = {}, .http = {}});
  const std::vector<Json> events =
      server.post("/v1/chat/completions", counting(chat_body("hi", {{"n", 2}}))).events();
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  check_counts(events, 5, 2);
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 2 * 12);
}

TEST(Counts, RunAlongWithCompletionChunks) {
  TestServer server({.engine = {.step = 1ms}, .service = {}, .http = {}});
  const Json body = counting({{"prompt", {"abc", "xyz"}}, {"max_tokens", 6}});
  const std::vector<Json> events = server.post("/v1/completions", body).events();
  check_counts(events, 4, 2);
  EXPECT_EQ(events.back()["usage"]["prompt_tokens"], 8);
}

TEST(Counts, AreNotSentWhereNobodyAsked) {
  TestServer server;
  for (const Json& event : server.post("/v1/chat/completions", chat_body("hi", {{"stream", true}})).events()) {
    EXPECT_FALSE(event.contains("usage")) << event;
    if (event["choices"][0]["finish_reason"].is_null()) {
      EXPECT_FALSE(event.contains("timings")) << event;
    }
  }
}

TEST(Counts, RunAlongWithNativePieces) {
  TestServer server({.engine = {.step = 1ms}, .service = {}, .http = {}});
  size_t said = 0;
  const Json body = {{"prompt", "abc"}, {"stream", true}, {"timings_per_token", true}};
  for (const Json& event : server.post("/completion", body).events()) {
    said += event["content"].get<std::string>().size();
    EXPECT_EQ(event["tokens_evaluated"], 4) << event;
    EXPECT_EQ(event["tokens_predicted"], said) << event;
    EXPECT_EQ(event["timings"]["predicted_n"], said) << event;
  }
  EXPECT_EQ(said, std::string("and so on").size());
}

TEST(Counts, SpeedIsThatOfTheTokensBehindTheFirst) {
  api::Reply reply({7}, 1);
  const api::Clock::time_point begin{};
  const auto token = [](int32_t id) {
    Delta delta;
    delta.tokens = {id};
    delta.content = "x";
    return Event{0, std::move(delta)};
  };
  reply.add({0, PromptProgress{7, 2, 7, 50.0}}, begin);
  reply.add(token(1), begin);
  EXPECT_EQ(api::timings_json(reply)["predicted_per_second"], 0.0);
  reply.add(token(2), begin + 100ms);
  reply.add(token(3), begin + 200ms);
  Json live = api::timings_json(reply);
  EXPECT_EQ(live["cache_n"], 2);
  EXPECT_EQ(live["prompt_n"], 5);
  EXPECT_EQ(live["prompt_per_second"], 100.0);
  EXPECT_EQ(live["predicted_n"], 3);
  EXPECT_EQ(live["predicted_ms"], 200.0);
  EXPECT_EQ(live["predicted_per_second"], 10.0);
  EXPECT_EQ(live["predicted_per_token_ms"], 100.0);
  Finish finish;  // what the engine measured is final
  finish.timings = {.predicted_ms = 500.0, .predicted_tokens = 11};
  reply.add({0, finish}, begin + 1s);
  EXPECT_EQ(api::timings_json(reply)["predicted_per_second"], 20.0);
}

TEST(Counts, SlotsShowHowFarTheyAre) {
  TestServer server({.engine = {.step = 1ms}, .service = {}, .http = {}});
  EXPECT_FALSE(server.get("/slots").json()[0].contains("next_token"));  // nothing ran there
  Client client(server.port());
  const Json body = chat_body("forever", {{"stream", true}, {"max_tokens", 100'000}, {"temperature", 0.5}});
  client.send(request_text("POST", "/v1/chat/completions", body.dump()));
  const auto slot = [&] { return server.get("/slots").json()[0]; };
  ASSERT_TRUE(server.wait_until([&] { return slot().value("n_decoded", 0) > 3; }));
  const Json running = slot();
  const Json& next = running["next_token"][0];
  EXPECT_EQ(running["is_processing"], true);
  EXPECT_EQ(running["n_prompt_tokens"], 10);
  EXPECT_EQ(running["n_prompt_tokens_processed"], 10);
  EXPECT_EQ(running["params"]["temperature"], 0.5);
  EXPECT_EQ(running["params"]["n_predict"], 100'000);
  EXPECT_EQ(next["has_next_token"], true);
  EXPECT_EQ(next["n_decoded"], running["n_decoded"]);
  EXPECT_EQ(next["n_remain"].get<int>() + next["n_decoded"].get<int>(), 100'000);
  client.close();
  ASSERT_TRUE(server.wait_until([&] { return !slot()["is_processing"].get<bool>(); }));
  EXPECT_EQ(slot()["next_token"][0]["has_next_token"], false);
  EXPECT_GT(slot()["n_decoded"], 3);
}

}  // namespace
}  // namespace sirocco
