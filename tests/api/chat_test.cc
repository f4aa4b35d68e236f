// SPDX-License-Identifier: Apache-2.0
// /v1/chat/completions: shapes of whole and streamed answers, tools, thinking, errors.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

TEST(Chat, AnswersWhole) {
  TestServer server;
  const HttpAnswer answer = server.post("/v1/chat/completions", chat_body("hello", {{"model", "gpt-4"}}));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["model"], "gpt-4");  // any name will do, and comes back
  EXPECT_EQ(json["choices"][0]["message"]["content"], "You said: hello");
  EXPECT_EQ(json["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(json["usage"]["completion_tokens"], 15);
  EXPECT_EQ(json["usage"]["total_tokens"],
            json["usage"]["prompt_tokens"].get<int>() + json["usage"]["completion_tokens"].get<int>());
  EXPECT_TRUE(json["timings"].contains("predicted_per_second"));
  EXPECT_TRUE(answer.headers.contains("x-request-id"));
}

TEST(Chat, StreamsChunksInOrder) {
  TestServer server;
  const HttpAnswer answer =
      server.post("/v1/chat/completions", chat_body("hi", {{"stream", true},
                                                           {"stream_options", {{"include_usage", true}}},
                                                           {"return_progress", true}}));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/event-stream");
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  const std::vector<Json> events = answer.events();
  ASSERT_GE(events.size(), 5u);
  EXPECT_EQ(events[0]["choices"][0]["delta"]["role"], "assistant");
  EXPECT_TRUE(events[1].contains("prompt_progress"));
  std::string text;
  for (const Json& event : events) {
    EXPECT_EQ(event["id"], events[0]["id"]);
    EXPECT_EQ(event["object"], "chat.completion.chunk");
    for (const Json& choice : event["choices"]) text += choice["delta"].value("content", "");
  }
  EXPECT_EQ(text, "You said: hi");
  const Json& last = events[events.size() - 2];
  EXPECT_EQ(last["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(last["choices"][0]["delta"].empty());
  EXPECT_TRUE(last.contains("timings"));
  EXPECT_TRUE(events.back()["choices"].empty());
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 12);
}

TEST(Chat, KeepsThinkingApartInBothSpellings) {
  TestServer server;
  const Json whole =
      server.post("/v1/chat/completions", chat_body("x", {{"reasoning_effort", "low"}})).json();
  const Json& message = whole["choices"][0]["message"];
  EXPECT_EQ(message["reasoning_content"], "Hm.");
  EXPECT_EQ(message["reasoning"], "Hm.");
  EXPECT_EQ(message["content"], "You said: x");
  for (const Json& switch_on :
       {Json{{"reasoning", {{"effort", "medium"}}}}, Json{{"reasoning", {{"enabled", true}}}},
        Json{{"thinking", {{"type", "enabled"}}}},
        Json{{"chat_template_kwargs", {{"enable_thinking", true}}}}}) {
    const Json other = server.post("/v1/chat/completions", chat_body("x", switch_on)).json();
    EXPECT_EQ(other["choices"][0]["message"]["reasoning"], "Hm.") << switch_on;
  }
  const Json minimal =
      server.post("/v1/chat/completions", chat_body("x", {{"reasoning_effort", "minimal"}})).json();
  EXPECT_FALSE(minimal["choices"][0]["message"].contains("reasoning"));
}

Json tool(const std::string& name) {
  return {{"type", "function"}, {"function", {{"name", name}, {"parameters", {{"type", "object"}}}}}};
}

TEST(Chat, CallsTools) {
  TestServer server;
  const Json body =
      chat_body("call weather {\"city\": \"Nice\"}", {{"tools", Json::array({tool("weather")})}});
  const Json json = server.post("/v1/chat/completions", body).json();
  const Json& choice = json["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_TRUE(choice["message"]["content"].is_null());
  ASSERT_EQ(choice["message"]["tool_calls"].size(), 1u);
  const Json& call = choice["message"]["tool_calls"][0];
  EXPECT_EQ(call["id"].get<std::string>().size(), 9u);  // what the template takes back
  EXPECT_EQ(call["function"]["name"], "weather");
  EXPECT_EQ(call["function"]["arguments"], "{\"city\": \"Nice\"}");
}

TEST(Chat, StreamsParallelCallsPieceByPiece) {
  TestServer server;
  const Json body =
      chat_body("two calls", {{"stream", true}, {"tools", Json::array({tool("first"), tool("second")})}});
  const HttpAnswer answer = server.post("/v1/chat/completions", body);
  std::string names[2], arguments[2], ids[2];
  for (const Json& event : answer.events()) {
    for (const Json& choice : event["choices"]) {
      for (const Json& call : choice["delta"].value("tool_calls", Json::array())) {
        const auto index = call["index"].get<size_t>();
        ASSERT_LT(index, 2u);
        ids[index] += call.value("id", "");
        names[index] += call["function"].value("name", "");
        arguments[index] += call["function"].value("arguments", "");
      }
    }
  }
  EXPECT_EQ(names[0], "first");
  EXPECT_EQ(names[1], "second");
  EXPECT_EQ(arguments[0], "{\"a\": 1}");
  EXPECT_EQ(arguments[1], "{\"b\": 2}");
  EXPECT_EQ(ids[0].size(), 9u);
  EXPECT_NE(ids[0], ids[1]);
}

TEST(Chat, GivesSeveralChoicesAndLogprobs) {
  TestServer server;
  const Json json =
      server.post("/v1/chat/completions", chat_body("a", {{"n", 2}, {"logprobs", true}, {"max_tokens", 3}}))
          .json();
  ASSERT_EQ(json["choices"].size(), 2u);
  EXPECT_EQ(json["choices"][1]["index"], 1);
  EXPECT_EQ(json["choices"][1]["finish_reason"], "length");
  ASSERT_EQ(json["choices"][0]["logprobs"]["content"].size(), 3u);
  EXPECT_EQ(json["choices"][0]["logprobs"]["content"][0]["token"], "Y");
  EXPECT_EQ(json["usage"]["completion_tokens"], 6);
}

TEST(Chat, NamesTheFieldAtFault) {
  TestServer server;
  const struct {
    Json body;
    const char* param;
  } cases[] = {
      {Json::object(), "messages"},
      {chat_body("x", {{"stream", "yes"}}), "stream"},
      {chat_body("x", {{"tool_choice", "required"}}), "tool_choice"},
      {chat_body("x", {{"tool_choice", "sometimes"}}), "tool_choice"},
      {chat_body("x", {{"response_format", {{"type", "poem"}}}}), "response_format"},
      {chat_body("x", {{"response_format", "json"}}), "response_format"},
      {{{"messages", "hello"}}, "messages"},
      {chat_body("x", {{"max_tokens", "many"}}), "max_tokens"},  // the engine's own complaint
  };
  for (const auto& [body, param] : cases) {
    const HttpAnswer answer = server.post("/v1/chat/completions", body);
    EXPECT_EQ(answer.status, 400) << body;
    const Json error = answer.json()["error"];
    EXPECT_EQ(error["param"], param) << error;
    EXPECT_EQ(error["code"], 400);
    EXPECT_EQ(error["type"], "invalid_request_error");
  }
}

TEST(Chat, RefusesBadJson) {
  TestServer server;
  for (const std::string body : {"", "{", "[1]", "\"x\"", "{\"messages\": [\xff]}", "nul"}) {
    Client client(server.port());
    client.send(request_text("POST", "/v1/chat/completions", body));
    EXPECT_EQ(client.answer().status, 400) << body;
  }
  Client client(server.port());
  client.send(request_text("POST", "/v1/chat/completions", std::string(100'000, '[')));
  EXPECT_EQ(client.answer().status, 400);
}

TEST(Chat, ReportsErrorsOfTheEngine) {
  TestServer server;
  const HttpAnswer whole = server.post("/v1/chat/completions", chat_body("fail"));
  EXPECT_EQ(whole.status, 500);
  EXPECT_EQ(whole.json()["error"]["message"], "the model fell over");
  const HttpAnswer stream = server.post("/v1/chat/completions", chat_body("fail", {{"stream", true}}));
  EXPECT_EQ(stream.status, 200);
  EXPECT_EQ(stream.events().back()["error"]["code"], 500);
  EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n"));
}

TEST(Chat, BlamesTheRequestThatLeavesNoToken) {
  TestServer server;
  const HttpAnswer answer = server.post("/v1/chat/completions", chat_body("contradict"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
}

TEST(Chat, IgnoresUnknownFieldsWithALogLine) {
  TestServer server;
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x", {{"sparkle", 1}})).status, 200);
  ASSERT_TRUE(server.wait_until([&] { return !server.log_lines().empty(); }));
  const Json line = server.log_lines().back();
  EXPECT_EQ(line["ignored"], Json::array({"sparkle"}));
  EXPECT_EQ(line["end"], "stop");
}

TEST(Chat, RefusesPromptsBeyondTheContext) {
  TestServer server({.engine = {.context_tokens = 50}, .service = {}, .http = {}});
  const HttpAnswer answer = server.post("/v1/chat/completions", chat_body(std::string(100, 'x')));
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.json()["error"]["message"].get<std::string>().find("maximum context length"),
            std::string::npos);
}

TEST(Chat, StrictModelRefusesOtherNames) {
  TestServer server({.engine = {}, .service = {.model_name = "mine", .strict_model = true}, .http = {}});
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x", {{"model", "other"}})).status, 404);
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x", {{"model", "mine"}})).status, 200);
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x")).status, 200);
}

}  // namespace
}  // namespace sirocco
