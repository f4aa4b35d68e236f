// SPDX-License-Identifier: Apache-2.0
// A picture by way of every surface: it becomes six placeholders of the fake engine, counted wherever tokens are.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

const std::string kUrl = "data:image/png;base64,iVBORw0=";

// <s> picture [INST] hi [/INST]
constexpr int kChatTokens = 1 + 6 + 1 + 2 + 1;

TEST(Pictures, InChatAsStringOrObject) {
  TestServer server;
  for (const Json& image : {Json(kUrl), Json{{"url", kUrl}, {"detail", "auto"}}}) {
    const Json content = {{{"type", "image_url"}, {"image_url", image}}, {{"type", "text"}, {"text", "hi"}}};
    const Json body = {{"messages", {{{"role", "user"}, {"content", content}}}}};
    const HttpAnswer answer = server.post("/v1/chat/completions", body);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json()["usage"]["prompt_tokens"], kChatTokens);
    EXPECT_EQ(server.post("/tokenize", body).json()["count"], kChatTokens);
    const std::string laid_out = server.post("/apply-template", body).json()["prompt"];
    EXPECT_NE(laid_out.find("[IMG][IMG][IMG_BREAK][IMG][IMG][IMG_END]"), std::string::npos) << laid_out;
  }
}

TEST(Pictures, InAnthropicBlocksAndTheirCount) {
  TestServer server;
  const auto body = [](const Json& source) {
    return Json{{"model", "x"},
                {"max_tokens", 9},
                {"messages",
                 {{{"role", "user"},
                   {"content", {{{"type", "image"}, {"source", source}}, {{"type", "text"}, {"text", "hi"}}}}}}}};
  };
  const Json base64 = {{"type", "base64"}, {"media_type", "image/png"}, {"data", "iVBORw0="}};
  const HttpAnswer answer = server.post("/v1/messages", body(base64));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["usage"]["input_tokens"], kChatTokens);
  EXPECT_EQ(server.post("/v1/messages/count_tokens", body(base64)).json()["input_tokens"], kChatTokens);
  EXPECT_EQ(server.post("/v1/messages", body({{"type", "url"}, {"url", kUrl}})).status, 200);
  const HttpAnswer refused =
      server.post("/v1/messages", body({{"type", "url"}, {"url", "https://example.org/a.png"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()["error"]["message"], "image_url: only data: URLs are taken here");
}

TEST(Pictures, InResponsesAndTheirCount) {
  TestServer server;
  const Json body = {
      {"input",
       {{{"role", "user"},
         {"content", {{{"type", "input_image"}, {"image_url", kUrl}}, {{"type", "input_text"}, {"text", "hi"}}}}}}}};
  const HttpAnswer answer = server.post("/v1/responses", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["usage"]["input_tokens"], kChatTokens);
}

TEST(Pictures, InLlamaServersCompletions) {
  TestServer server;
  const auto tokens = [&](const Json& body) {
    const HttpAnswer answer = server.post("/completion", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.status == 200 ? answer.json()["tokens_evaluated"].get<int>() : -1;
  };
  const Json image = {{"id", 12}, {"data", "iVBORw0="}};
  EXPECT_EQ(tokens({{"prompt", "a [img-12] b"}, {"image_data", {image}}}), 1 + 2 + 6 + 2);
  EXPECT_EQ(tokens({{"prompt", "[img-12]"}, {"image_data", {image}}}), 1 + 6);
  EXPECT_EQ(tokens({{"prompt", "[img-3] [img-x]"}, {"image_data", {image}}}), 1 + 15);  // none of that id: text
  EXPECT_EQ(tokens({{"prompt",
                     {{"prompt_string", "a<__media__><__media__>b"},
                      {"multimodal_data", {"iVBORw0=", kUrl}}}}}),
            1 + 1 + 6 + 6 + 1);
  const HttpAnswer refused =
      server.post("/completion", {{"prompt", {{"prompt_string", "<__media__>"}, {"multimodal_data", Json::array()}}}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("0 pictures for 1 marks"), std::string::npos) << refused.body;
  EXPECT_EQ(server.post("/completion", {{"prompt", "a"}, {"image_data", {{{"id", 1}}}}}).status, 400);
  EXPECT_EQ(server.post("/completion", {{"prompt", {1, 2}}, {"image_data", {image}}}).status, 400);
}

TEST(Pictures, AreNamedByTheModelsList) {
  TestServer server;
  const Json model = server.get("/v1/models").json()["data"][0];
  EXPECT_EQ(model["architecture"]["input_modalities"], (Json{"text", "image"}));
  EXPECT_TRUE(model["capabilities"]["vision"].get<bool>());
}

}  // namespace
}  // namespace sirocco
