// SPDX-License-Identifier: Apache-2.0
// Fill-in-the-middle on OpenAI's and Mistral's paths; /infill is in surfaces_test.cc.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

const std::string kPrompt = "<s>[SUFFIX]c;[PREFIX]int a =";

std::string text_of(TestServer& server, const Json& ids) {
  return server.post("/detokenize", {{"tokens", ids}}).json()["content"];
}

TEST(Infill, CompletionsTakeASuffix) {
  TestServer server;
  Json body = {{"prompt", "int a ="}, {"suffix", "c;"}, {"return_token_ids", true}};
  for (const Json& prompt : {Json("int a ="), Json::array({"int b =", "int a ="})}) {  // one, and a list
    body["prompt"] = prompt;
    const HttpAnswer answer = server.post("/v1/completions", body);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(text_of(server, answer.json()["choices"].back()["prompt_token_ids"]), kPrompt);
    EXPECT_EQ(answer.json()["choices"][0]["text"], "and so on");
  }
  for (const Json& bad : {Json{{"prompt", {1000, 1001}}}, Json{{"prompt", Json::array()}}, Json{{"echo", true}},
                          Json{{"truncate_prompt_tokens", 2}}}) {
    Json wrong = body;
    wrong.update(bad);
    EXPECT_EQ(server.post("/v1/completions", wrong).status, 400) << bad;
  }
}

TEST(Infill, MistralsPathAnswersAsChatDoes) {
  TestServer server;
  Json body = {{"model", "m"}, {"prompt", "int a ="}, {"suffix", "c;"}, {"max_tokens", 3}, {"metadata", {{"a", 1}}}};
  const HttpAnswer answer = server.post("/v1/fim/completions", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(json["choices"][0]["message"]["content"], "and");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 12);

  body["stream"] = true;
  const HttpAnswer stream = server.post("/v1/fim/completions", body);
  std::string text;
  for (const Json& event : stream.events()) text += event["choices"][0]["delta"].value("content", "");
  EXPECT_EQ(text, "and");
  EXPECT_TRUE(stream.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(stream.events().back()["usage"]["completion_tokens"], 3);  // with the last piece, as Mistral's API sends it

  EXPECT_EQ(server.post("/v1/fim/completions", {{"prompt", "a"}}).status, 200);  // nothing need follow
  EXPECT_EQ(server.post("/v1/fim/completions", {{"suffix", "a"}}).status, 400);
  EXPECT_EQ(server.post("/v1/fim/completions", {{"prompt", {"a"}}}).status, 400);
}

TEST(Infill, DependsOnTheVocabulary) {
  TestServer able, unable({.engine = {.infill = false}, .service = {}, .http = {}});
  const auto said = [](TestServer& server) {
    return server.get("/v1/models").json()["data"][0]["capabilities"]["completion_fim"];
  };
  EXPECT_EQ(said(able), true);
  EXPECT_EQ(said(unable), false);
  const HttpAnswer refused = unable.post("/v1/completions", {{"prompt", "a"}, {"suffix", "b"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()["error"]["param"], "suffix");
  EXPECT_EQ(unable.post("/v1/fim/completions", {{"prompt", "a"}}).status, 501);
}

}  // namespace
}  // namespace sirocco
