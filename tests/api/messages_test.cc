// SPDX-License-Identifier: Apache-2.0
// /v1/messages: blocks and tools beyond the plain ones.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

Json text(const std::string& words) {
  return {{"type", "text"}, {"text", words}};
}
Json document(const Json& source) {
  return {{"type", "document"}, {"source", source}};
}
Json say(const Json& content) {
  return {{"max_tokens", 200}, {"messages", {{{"role", "user"}, {"content", content}}}}};
}
Json result(const Json& content, const Json& more = Json::object()) {
  Json block = {{"type", "tool_result"}, {"tool_use_id", "t"}, {"content", content}};
  block.update(more);
  const Json call = {{"type", "tool_use"}, {"id", "t"}, {"name", "f"}, {"input", Json::object()}};
  return {{"max_tokens", 200},
          {"messages",
           {{{"role", "user"}, {"content", "a"}},
            {{"role", "assistant"}, {"content", Json::array({call})}},
            {{"role", "user"}, {"content", Json::array({block})}}}}};
}

class MessageBlocks : public testing::Test {
 protected:
  std::string answer(const Json& body) {
    const HttpAnswer reply = server_.post("/v1/messages", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.status == 200 ? reply.json()["content"][0]["text"].get<std::string>() : reply.body;
  }
  std::string refusal(const Json& body) {
    const HttpAnswer reply = server_.post("/v1/messages", body);
    EXPECT_EQ(reply.status, 400) << reply.body;
    return reply.json()["error"]["message"];
  }
  Json ignored(const Json& body) {
    const HttpAnswer reply = server_.post("/v1/messages", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return server_.log_line(reply).value("ignored", Json::array());
  }

  TestServer server_;
};

TEST_F(MessageBlocks, ReadDocumentsInTurnsAndInResults) {
  const Json plain = document({{"type", "text"}, {"media_type", "text/plain"}, {"data", "plain"}});
  const Json whole = document({{"type", "content"}, {"content", "whole"}});
  const Json parts = document({{"type", "content"}, {"content", {text("in "), text("parts")}}});
  const Json found = {
      {"type", "search_result"}, {"source", "s"}, {"title", "t"}, {"content", {text("found")}}};
  const std::pair<Json, const char*> cases[] = {
      {plain, "plain"}, {whole, "whole"}, {parts, "in parts"}, {found, "t (s)\nfound"}};
  for (const auto& [block, read] : cases) {
    EXPECT_EQ(answer(say(Json::array({block}))), std::string("You said: ") + read);
    EXPECT_EQ(answer(result(Json::array({block}))), std::string("You said: ") + read);
  }
  const Json pdf = document({{"type", "base64"}, {"media_type", "application/pdf"}, {"data", "eA=="}});
  EXPECT_EQ(
      refusal(say(Json::array({pdf}))),
      "messages[0].content[0].source.type: only documents of text and content are taken, got \"base64\"");
  EXPECT_EQ(
      refusal(result(Json::array({text("a"), pdf}))),
      "messages[2].content[0].content[1].source.type: only documents of text and content are taken, got "
      "\"base64\"");
  const Json odd = document({{"type", "content"}, {"content", {{{"type", "x"}}}}});
  EXPECT_NE(refusal(say(Json::array({odd}))).find("source.content[0].type"), std::string::npos);
}

TEST_F(MessageBlocks, ReadPicturesOfDocumentsAndResults) {
  const Json image = {{"type", "image"},
                      {"source", {{"type", "base64"}, {"media_type", "image/png"}, {"data", "eA=="}}}};
  const Json source = {{"type", "content"}, {"content", {text("seen"), image}}};
  for (const Json& block : {document(source), image}) {
    for (const Json& body : {say(Json::array({block})), result(Json::array({block}))}) {
      EXPECT_GE(server_.post("/v1/messages", body).json()["usage"]["input_tokens"].get<int>(), 3 + 6) << body;
    }
  }
}

TEST_F(MessageBlocks, MarkResultsOfToolsThatFailed) {
  EXPECT_EQ(answer(result("no such file", {{"is_error", true}})), "You said: Error: no such file");
  EXPECT_EQ(answer(result(Json::array({text("no such file")}), {{"is_error", true}})),
            "You said: Error: no such file");
  EXPECT_EQ(answer(result(nullptr, {{"is_error", true}})), "You said: Error: ");
  EXPECT_EQ(answer(result(Json::array(), {{"is_error", true}})), "You said: Error: ");
  EXPECT_EQ(answer(result("fine", {{"is_error", false}})), "You said: fine");
}

TEST_F(MessageBlocks, NameTheBlocksThatTheyCannotRead) {
  EXPECT_EQ(refusal(result({text("a"), {{"type", "hologram"}}})),
            "messages[2].content[0].content[1].type: unknown block \"hologram\"");
  EXPECT_EQ(refusal(result(5)), "messages[2].content[0].content: expected a string or a list of blocks");
  EXPECT_EQ(ignored(result({text("a"), {{"type", "tool_reference"}, {"tool_name", "g"}}})),
            Json::array({"messages (tool_reference)"}));
  Json body =
      say({text("a"), {{"type", "container_upload"}, {"file_id", "x"}}, {{"type", "container_upload"}}});
  body["sparkle"] = 1;
  EXPECT_EQ(ignored(body), Json({"sparkle", "messages (container_upload)"}));
}

TEST_F(MessageBlocks, NameTheToolsThatTheyCannotOffer) {
  const Json bash = {{"type", "bash_20250124"}, {"name", "bash"}};
  const Json search = {{"type", "web_search_20250305"}, {"name", "web_search"}};
  const Json mine = {{"type", "custom"}, {"name", "f"}, {"input_schema", {{"type", "object"}}}};
  Json body = say("a");
  body["tools"] = {bash, search, mine, bash};
  EXPECT_EQ(ignored(body), Json({"tools (bash_20250124)", "tools (web_search_20250305)"}));
  body["tools"] = {bash, search};
  EXPECT_EQ(ignored(body), Json({"tools (bash_20250124)", "tools (web_search_20250305)"}));
  for (const Json& choice : {Json{{"type", "any"}}, Json{{"type", "tool"}, {"name", "bash"}}}) {
    body["tool_choice"] = choice;
    EXPECT_EQ(refusal(body),
              "tool_choice: a tool is required, but this server offers none of those given: bash_20250124, "
              "web_search_20250305");
  }
  body["tool_choice"] = {{"type", "auto"}};
  EXPECT_EQ(answer(body), "You said: a");
}

}  // namespace
}  // namespace sirocco
