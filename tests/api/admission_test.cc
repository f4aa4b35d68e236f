// SPDX-License-Identifier: Apache-2.0
// Who is let in, who is refused, who left: keys, loading, queue caps, disconnects, slow readers, draining.
#include <gtest/gtest.h>

#include <thread>

#include "api/test_server.h"

namespace sirocco {
namespace {

using namespace std::chrono_literals;

std::string stream_request(const std::string& text) {
  return request_text("POST", "/v1/chat/completions", chat_body(text, {{"stream", true}}).dump());
}

TEST(Admission, AsksForKeys) {
  TestServer server({.engine = {}, .service = {.api_keys = {"alpha", "beta"}}, .http = {}});
  EXPECT_EQ(server.get("/health").status, 200);
  EXPECT_EQ(server.get("/v1/models").status, 200);
  for (const char* header : {"", "Authorization: Bearer wrong\r\n", "Authorization: alpha\r\n",
                             "X-Api-Key: alph\r\n", "Authorization: Bearer \r\n",
                             "Authorization: Basic alpha\r\n", "Api-Key: \r\n"}) {
    const HttpAnswer answer = server.post("/v1/chat/completions", chat_body("x"), header);
    EXPECT_EQ(answer.status, 401) << header;
    EXPECT_EQ(answer.json()["error"]["type"], "authentication_error");
  }
  EXPECT_EQ(server.get("/metrics").status, 401);
  EXPECT_EQ(server.post("/v1/messages", Json::object()).json()["type"], "error");
  for (const char* header : {"Authorization: Bearer beta\r\n", "X-Api-Key: alpha\r\n", "Api-Key: alpha\r\n",
                             "Authorization: bEARER \t beta \r\n",
                             "Authorization: Bearer stale\r\nX-Api-Key: alpha\r\n",
                             "Authorization: Bearer beta\r\nX-Api-Key: stale\r\n"}) {
    EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x"), header).status, 200) << header;
  }
}

TEST(Admission, SaysThatItLoads) {
  TestServer server({.engine = {}, .service = {}, .http = {}, .loaded = false});
  server.service().set_progress({.done_bytes = 25, .total_bytes = 100});
  const HttpAnswer health = server.get("/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(health.json()["error"]["message"], "Loading model");
  EXPECT_EQ(health.json()["progress"], 0.25);
  const HttpAnswer chat = server.post("/v1/chat/completions", chat_body("x"));
  EXPECT_EQ(chat.status, 503);
  EXPECT_TRUE(chat.headers.contains("retry-after"));
  server.load();
  EXPECT_EQ(server.get("/health").json()["status"], "ok");
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x")).status, 200);
}

TEST(Admission, RefusesWhenTheQueueIsFull) {
  TestServer server({.engine = {.max_running = 1, .max_waiting = 2, .step = 1ms}, .service = {}, .http = {}});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    clients.back()->send(stream_request("forever"));
    ASSERT_TRUE(server.wait_until([&] {
      const EngineStats stats = server.engine().stats();
      return stats.running + stats.waiting == i + 1;
    }));
  }
  const HttpAnswer refused = server.post("/v1/chat/completions", chat_body("x"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.json()["error"]["type"], "rate_limit_error");
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  clients.clear();
  ASSERT_TRUE(server.wait_until([&] { return server.engine().cancelled == 3; }));
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x")).status, 200);
}

TEST(Admission, StopsForClientsThatLeave) {
  TestServer server(
      {.engine = {.max_running = 1, .step = 1ms, .prompt_steps = 5}, .service = {}, .http = {}});
  Client decoding(server.port()), queued(server.port()), whole(server.port());
  decoding.send(stream_request("forever"));
  decoding.receive_until("all work");
  queued.send(stream_request("forever"));
  whole.send(request_text("POST", "/v1/chat/completions", chat_body("forever").dump()));
  ASSERT_TRUE(server.wait_until([&] { return server.engine().stats().waiting == 2; }));
  queued.close();
  ASSERT_TRUE(server.wait_until([&] { return server.engine().cancelled == 1; }));
  whole.reset();
  ASSERT_TRUE(server.wait_until([&] { return server.engine().cancelled == 2; }));
  decoding.close();
  ASSERT_TRUE(
      server.wait_until([&] { return server.engine().cancelled == 3 && server.service().active() == 0; }));
  for (const Json& line : server.log_lines()) {
    EXPECT_EQ(line["client"], "left");
    EXPECT_EQ(line["end"], "cancelled");
  }
}

TEST(Admission, HoldsLittleForSlowReaders) {
  TestServer server({.engine = {}, .service = {}, .http = {.write_timeout = 500ms}});
  Client slow(server.port(), 4096);
  slow.send(stream_request("forever"));
  ASSERT_TRUE(server.wait_until([&] { return server.engine().stats().running == 1; }));
  // It reads nothing: once the kernel's buffers are full no progress is made, and it is let go.
  ASSERT_TRUE(server.wait_until([&] { return server.engine().cancelled == 1; }));
}

TEST(Admission, DrainsThenStops) {
  TestServer server({.engine = {.step = 2ms}, .service = {}, .http = {}});
  Client running(server.port());
  running.send(stream_request("finish this"));
  ASSERT_TRUE(server.wait_until([&] { return server.engine().stats().running == 1; }));
  server.service().drain();
  EXPECT_EQ(server.get("/health").status, 503);
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x")).status, 503);
  EXPECT_TRUE(running.answer().body.ends_with("data: [DONE]\n\n"));
  EXPECT_TRUE(server.wait_until([&] { return server.service().active() == 0; }));
}

TEST(Admission, AnswersPagesOfAllowedOrigins) {
  TestServer server;
  const HttpAnswer local = server.get("/health", "Origin: http://localhost:3000\r\n");
  EXPECT_EQ(local.headers.at("access-control-allow-origin"), "http://localhost:3000");
  EXPECT_FALSE(server.get("/health", "Origin: https://evil.example\r\n")
                   .headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(server.get("/health", "Origin: http://localhost.evil.example\r\n")
                   .headers.contains("access-control-allow-origin"));
  const HttpAnswer preflight = fetch(server.port(), "OPTIONS", "/v1/chat/completions", nullptr,
                                 "Origin: http://127.0.0.1\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_TRUE(preflight.headers.contains("access-control-allow-methods"));
}

TEST(Admission, AnswersPagesWithoutAnOriginOnlyWhereAllMay) {
  TestServer some, all({.engine = {}, .service = {.cors_origins = {"*"}}, .http = {}});
  const std::string header = "Origin: null\r\n";  // a sandboxed frame, a page from disk
  EXPECT_FALSE(some.get("/health", header).headers.contains("access-control-allow-origin"));
  EXPECT_EQ(all.get("/health", header).headers.at("access-control-allow-origin"), "null");
}

TEST(Admission, FindsModelsWhoseNamesHaveSlashes) {
  TestServer server({.engine = {}, .service = {.model_name = "org/model", .strict_model = true}, .http = {}});
  EXPECT_EQ(server.get("/v1/models/org/model").json()["id"], "org/model");
  EXPECT_EQ(server.get("/v1/models/org%2Fmodel").json()["id"], "org/model");
  EXPECT_EQ(server.get("/v1/models/org/other").status, 404);
}

TEST(Admission, CarriesRequestIds) {
  TestServer server;
  const HttpAnswer answer = server.get("/health", "X-Request-Id: abc-123\r\n");
  EXPECT_EQ(answer.headers.at("x-request-id"), "abc-123");
}

TEST(Admission, ServesManyStreamsWhileSomeLeave) {
  TestServer server({.engine = {.max_running = 16, .max_waiting = 1000}, .service = {}, .http = {}});
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string text = "message " + std::to_string(t * 100 + i);
        Client client(server.port());
        client.send(stream_request(text));
        if ((t + i) % 3 == 0) continue;  // leaves
        std::string got;
        for (const Json& event : client.answer().events()) {
          for (const Json& choice : event["choices"]) got += choice["delta"].value("content", "");
        }
        if (got == "You said: " + text) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80 - 27);
  EXPECT_TRUE(server.wait_until([&] { return server.service().active() == 0; }));
  EXPECT_EQ(server.engine().stats().running, 0);
}

}  // namespace
}  // namespace sirocco
