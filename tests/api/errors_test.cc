// SPDX-License-Identifier: Apache-2.0
// What clients read in a refusal: a context that overflows, in each dialect, and refusals from below the routes.
#include <gtest/gtest.h>

#include <map>

#include "api/test_server.h"

namespace sirocco {
namespace {

TEST(Overflow, IsSaidInTheWordsOfEachClient) {
  TestServer server({.engine = {.context_tokens = 50}, .service = {}, .http = {}});
  const std::string text(100, 'x');
  const std::map<std::string, Json> openai = {{"/v1/chat/completions", chat_body(text)},
                                              {"/v1/completions", {{"prompt", text}}},
                                              {"/v1/responses", {{"input", text}}}};
  for (const auto& [path, body] : openai) {
    const HttpAnswer answer = server.post(path, body);
    EXPECT_EQ(answer.status, 400) << path;
    const Json error = answer.json()["error"];
    EXPECT_EQ(error["code"], "context_length_exceeded") << path;
    EXPECT_EQ(error["type"], "invalid_request_error") << path;
  }
  for (const char* path : {"/completion", "/completions"}) {
    const HttpAnswer answer = server.post(path, {{"prompt", text}});
    EXPECT_EQ(answer.status, 400) << path;
    Json error = answer.json()["error"];
    EXPECT_NE(error["message"].get<std::string>().find("exceeds the available context size"), std::string::npos);
    error.erase("message");
    EXPECT_EQ(error, (Json{{"code", 400},
                           {"type", "exceed_context_size_error"},
                           {"n_prompt_tokens", 101},
                           {"n_ctx", 50}}));
  }
  const Json body = {{"max_tokens", 5}, {"messages", {{{"role", "user"}, {"content", text}}}}};
  const HttpAnswer messages = server.post("/v1/messages", body);
  EXPECT_EQ(messages.status, 400);
  EXPECT_EQ(messages.json()["error"],
            (Json{{"type", "invalid_request_error"}, {"message", "prompt is too long: 103 tokens > 49 maximum"}}));
}

TEST(Refusals, FromBelowTheRoutesCarryWhatEveryAnswerCarries) {
  TestServer server({.engine = {}, .service = {}, .http = {.max_header_bytes = 4096, .max_body_bytes = 1000}});
  const std::string headers = "Origin: http://localhost:3000\r\nX-Request-Id: abc-123\r\n";
  const HttpAnswer large = server.post("/v1/messages", std::string(2000, 'x'), headers);
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.json()["error"]["type"], "request_too_large");  // in the dialect of the path
  EXPECT_EQ(large.headers.at("x-request-id"), "abc-123");
  EXPECT_EQ(large.headers.at("request-id"), "abc-123");
  EXPECT_EQ(large.headers.at("access-control-allow-origin"), "http://localhost:3000");
  const HttpAnswer target = server.get("/%zz", headers);
  EXPECT_EQ(target.status, 400);
  EXPECT_EQ(target.headers.at("x-request-id"), "abc-123");
  EXPECT_EQ(target.headers.at("access-control-allow-origin"), "http://localhost:3000");
  const HttpAnswer endless = server.get("/health", "X: " + std::string(9000, 'x') + "\r\n");
  EXPECT_EQ(endless.status, 431);
  EXPECT_TRUE(endless.headers.at("x-request-id").starts_with("req_"));
}

}  // namespace
}  // namespace sirocco
