// SPDX-License-Identifier: Apache-2.0
// Chat answers to Mistral's clients, told by their User-Agent; everybody else's stay OpenAI's.
#include <gtest/gtest.h>

#include "api/mistral_writer.h"
#include "api/test_server.h"

namespace sirocco {
namespace {

const char* const kMistral = "User-Agent: mistral-client-python/3.7.0\r\n";

Json tools() {
  Json list = Json::array();
  for (const char* name : {"first", "second"})
    list.push_back(
        {{"type", "function"}, {"function", {{"name", name}, {"parameters", {{"type", "object"}}}}}});
  return list;
}

TEST(Mistral, KnowsItsClients) {
  for (const char* agent : {"mistral-client-python/3.7.0", "mistral-client-python/Mistral-Vibe/2.0.0",
                            "speakeasy-sdk/typescript 1.7.2 2.5.1 1.0.0 @mistralai/mistralai"})
    EXPECT_TRUE(api::is_mistral_client(agent)) << agent;
  for (const char* agent : {"", "OpenAI/Python 2.1.0", "Mistral-Vibe/2.0.0", "curl/8.0"})
    EXPECT_FALSE(api::is_mistral_client(agent)) << agent;
}

TEST(Mistral, StreamsEveryCallWholeAndUsageAtTheEnd) {
  TestServer server;
  const Json body = chat_body("two calls", {{"stream", true}, {"tools", tools()}});
  const std::vector<Json> events = server.post("/v1/chat/completions", body, kMistral).events();
  Json calls = Json::array();
  for (const Json& event : events) {
    ASSERT_EQ(event["choices"].size(), 1u) << event;
    for (const Json& call : event["choices"][0]["delta"].value("tool_calls", Json::array()))
      calls.push_back(call);
    EXPECT_EQ(event.contains("usage"), event == events.back());
  }
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[0]["function"], (Json{{"name", "first"}, {"arguments", R"({"a": 1})"}}));
  EXPECT_EQ(calls[1]["function"], (Json{{"name", "second"}, {"arguments", R"({"b": 2})"}}));
  EXPECT_EQ(calls[1]["index"], 1);
  EXPECT_EQ(calls[1]["id"].get<std::string>().size(), 9u);
  EXPECT_EQ(events.back()["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 18);
}

TEST(Mistral, CountsTheUsageOfSeveralChoicesOnce) {
  TestServer server;
  const Json body =
      chat_body("a", {{"stream", true}, {"n", 2}, {"stream_options", {{"include_usage", true}}}});
  const std::vector<Json> events = server.post("/v1/chat/completions", body, kMistral).events();
  int usages = 0;
  for (const Json& event : events) usages += event.contains("usage") ? 1 : 0;
  EXPECT_EQ(usages, 1);
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 22);
}

TEST(Mistral, WritesThoughtsAsPartsOfTheContent) {
  TestServer server;
  const Json body = chat_body("x", {{"reasoning_effort", "high"}});
  const Json message = server.post("/v1/chat/completions", body, kMistral).json()["choices"][0]["message"];
  const Json thought = {{"type", "thinking"}, {"thinking", {{{"type", "text"}, {"text", "Hm."}}}}};
  EXPECT_EQ(message["content"], Json::array({thought, {{"type", "text"}, {"text", "You said: x"}}}));
  EXPECT_FALSE(message.contains("reasoning_content") || message.contains("reasoning"));

  Json streamed = body;
  streamed["stream"] = true;
  std::string thoughts, text;
  const auto read = [&](const Json& content) {
    if (content.is_string()) text += content;
    for (const Json& part : content.is_array() ? content : Json::array()) {
      if (part["type"] == "thinking") thoughts += part["thinking"][0]["text"];
      if (part["type"] == "text") text += part["text"];
    }
  };
  for (const Json& event : server.post("/v1/chat/completions", streamed, kMistral).events())
    read(event["choices"][0]["delta"].value("content", Json()));
  EXPECT_EQ(thoughts, "Hm.");
  EXPECT_EQ(text, "You said: x");

  const Json plain = server.post("/v1/chat/completions", chat_body("x"), kMistral).json();
  EXPECT_EQ(plain["choices"][0]["message"]["content"], "You said: x");  // without thoughts it is text
  Json silent = body;
  silent["include_reasoning"] = false;
  EXPECT_EQ(server.post("/v1/chat/completions", silent, kMistral).json()["choices"][0]["message"]["content"],
            "You said: x");
}

}  // namespace
}  // namespace sirocco
