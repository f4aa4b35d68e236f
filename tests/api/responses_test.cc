// SPDX-License-Identifier: Apache-2.0
// /v1/responses: tools that are no plain functions, and items that are no messages.
#include <gtest/gtest.h>

#include "api/test_server.h"

namespace sirocco {
namespace {

Json function(const std::string& name) {
  return {{"type", "function"}, {"name", name}, {"parameters", {{"type", "object"}}}};
}
Json space(const std::string& name, const Json& tools) {
  return {{"type", "namespace"}, {"name", name}, {"description", "files"}, {"tools", tools}};
}
const Json kPatch = {{"type", "custom"}, {"name", "patch"}, {"description", "Changes files"}};

class ResponseItems : public testing::Test {
 protected:
  Json ask(const Json& body) {
    const HttpAnswer reply = server_.post("/v1/responses", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  }
  std::string said(const Json& body) { return ask(body)["output"][0]["content"][0]["text"]; }
  std::string refusal(const Json& body, int status = 400) {
    const HttpAnswer reply = server_.post("/v1/responses", body);
    EXPECT_EQ(reply.status, status) << reply.body;
    return reply.json()["error"]["message"];
  }
  Json ignored(const Json& body) {
    const HttpAnswer reply = server_.post("/v1/responses", body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return server_.log_line(reply).value("ignored", Json::array());
  }
  std::vector<Json> stream(Json body) {
    body["stream"] = true;
    return server_.post("/v1/responses", body).events();
  }

  TestServer server_;
};

TEST_F(ResponseItems, CallToolsOfNamespacesByBothNames) {
  const Json tools = {space("mcp__fs", {function("read"), function("write")}), function("plain")};
  const Json item = ask({{"input", R"(call mcp__fs__read {"x": 1})"}, {"tools", tools}})["output"][0];
  EXPECT_EQ(item["type"], "function_call");
  EXPECT_EQ(item["namespace"], "mcp__fs");
  EXPECT_EQ(item["name"], "read");
  EXPECT_EQ(item["arguments"], R"({"x": 1})");
  const std::vector<Json> events = stream({{"input", "call mcp__fs__write {}"}, {"tools", tools}});
  const Json& done = events[events.size() - 2];
  EXPECT_EQ(done["type"], "response.output_item.done");
  EXPECT_EQ(done["item"]["namespace"], "mcp__fs");
  EXPECT_EQ(done["item"]["name"], "write");
  EXPECT_FALSE(ask({{"input", "call plain {}"}, {"tools", tools}})["output"][0].contains("namespace"));
}

TEST_F(ResponseItems, TakeCallsOfNamespacesBack) {
  const auto tokens = [&](const Json& names) {
    Json call = {{"type", "function_call"}, {"call_id", "c"}, {"arguments", "{}"}};
    call.update(names);
    const Json output = {{"type", "function_call_output"}, {"call_id", "c"}, {"output", "7"}};
    return ask({{"input", {call, output}}})["usage"]["input_tokens"].get<int>();
  };
  EXPECT_EQ(tokens({{"namespace", "fs"}, {"name", "read"}}), tokens({{"name", "fs__read"}}));
  EXPECT_EQ(tokens({{"namespace", "fs__"}, {"name", "read"}}), tokens({{"name", "fs__read"}}));
}

TEST_F(ResponseItems, CallCustomToolsWithText) {
  const Json body = {{"input", R"(call patch {"input": "a\n\"b\""})"}, {"tools", {kPatch}}};
  const Json item = ask(body)["output"][0];
  EXPECT_EQ(item["type"], "custom_tool_call");
  EXPECT_EQ(item["name"], "patch");
  EXPECT_EQ(item["input"], "a\n\"b\"");
  EXPECT_FALSE(item.contains("arguments"));
  EXPECT_TRUE(item["id"].get<std::string>().starts_with("ctc_"));

  std::string pieces;
  Json done, added;
  const std::vector<Json> events = stream(body);
  for (const Json& event : events) {
    if (event["type"] == "response.output_item.added") added = event["item"];
    if (event["type"] == "response.custom_tool_call_input.delta") pieces += event["delta"];
    if (event["type"] == "response.custom_tool_call_input.done") done = event;
    EXPECT_FALSE(event["type"].get<std::string>().starts_with("response.function_call")) << event;
  }
  EXPECT_EQ(added["input"], "");
  EXPECT_EQ(pieces, "a\n\"b\"");
  EXPECT_EQ(done["input"], pieces);
  EXPECT_EQ(done["item_id"], added["id"]);
  EXPECT_EQ(events.back()["response"]["output"][0]["input"], pieces);

  const Json within = {{"input", R"(call fs__patch {"input": "a"})"},
                       {"tools", {space("fs", Json::array({kPatch}))}}};
  const Json other = ask(within)["output"][0];
  EXPECT_EQ(other["type"], "custom_tool_call");
  EXPECT_EQ(other["namespace"], "fs");
  EXPECT_EQ(other["name"], "patch");

  const Json next = {
      {"previous_response_id", events.back()["response"]["id"]},
      {"input", {{{"type", "custom_tool_call_output"}, {"call_id", added["call_id"]}, {"output", "done"}}}}};
  EXPECT_EQ(said(next), "You said: done");
}

TEST_F(ResponseItems, NoteGrammarsAndToolsOfOtherServices) {
  Json grammar = kPatch;
  grammar["format"] = {{"type", "grammar"}, {"syntax", "lark"}, {"definition", "start: /x/"}};
  Json text = kPatch;
  text["format"] = {{"type", "text"}};
  EXPECT_EQ(ignored({{"input", "a"}, {"tools", {grammar}}}), Json::array({"tools[0].format"}));
  EXPECT_EQ(ignored({{"input", "a"}, {"tools", {text}}}), Json::array());
  const Json search = {{"type", "web_search"}}, mcp = {{"type", "mcp"}, {"server_label", "x"}};
  Json body = {{"input", "a"}, {"tools", {search, mcp, function("f"), search}}};
  EXPECT_EQ(ignored(body), Json({"tools (web_search)", "tools (mcp)"}));
  body["tool_choice"] = {{"type", "web_search"}};
  EXPECT_EQ(said(body), "You said: a");
  body["tools"] = {search, mcp};
  EXPECT_EQ(refusal(body),
            "tool_choice: a tool is required, but this server offers none of those given: web_search, mcp");
  body["tool_choice"] = "required";
  EXPECT_NE(refusal(body).find("web_search, mcp"), std::string::npos);
  body["tool_choice"] = "auto";
  EXPECT_EQ(said(body), "You said: a");
}

TEST_F(ResponseItems, AreRefusedWhereANamespaceHasNoName) {
  Json body = {{"input", "a"}, {"tools", Json::array({space("", Json::array({function("f")}))})}};
  EXPECT_EQ(refusal(body), "tools: tools[0].name: missing");
  body["tools"] = Json::array({space("x", Json::array())});
  EXPECT_EQ(ignored(body), Json({"tools (namespace)"}));
  body["tool_choice"] = "required";
  EXPECT_EQ(refusal(body), "tool_choice: a tool is required, but this server offers none of those given: namespace");
  EXPECT_TRUE(refusal({{"input", Json::array({{{"type", 5}, {"id", "zz"}}})}}).starts_with("input[0].type"));
}

TEST_F(ResponseItems, AreNamedInTheLogUpToAHundred) {
  Json input = {{{"role", "user"}, {"content", "a"}}};
  for (int i = 0; i < 300; ++i) input.push_back({{"type", std::to_string(i) + "_call"}});
  EXPECT_EQ(ignored({{"input", input}}).size(), 100u);
}

TEST_F(ResponseItems, ReferToItemsOfEarlierAnswers) {
  const Json first = ask({{"input", "call f {}"}, {"tools", {function("f")}}});
  const Json call = first["output"][0];
  const Json output = {{"type", "function_call_output"}, {"call_id", call["call_id"]}, {"output", "7"}};
  const Json by_value = ask({{"input", {call, output}}});
  for (const Json& reference :
       {Json{{"type", "item_reference"}, {"id", call["id"]}}, Json{{"id", call["id"]}}}) {
    const Json by_id = ask({{"input", {reference, output}}});
    EXPECT_EQ(by_id["usage"], by_value["usage"]);
    const std::string items = "/v1/responses/" + by_id["id"].get<std::string>() + "/input_items";
    EXPECT_EQ(server_.get(items).json()["data"][0], call);
    const Json count = {{"input", {reference, output}}};
    EXPECT_EQ(server_.post("/v1/responses/input_tokens", count).json()["input_tokens"],
              by_id["usage"]["input_tokens"]);
  }
  EXPECT_EQ(fetch(server_.port(), "DELETE", "/v1/responses/" + first["id"].get<std::string>()).status, 200);
  for (const Json& id : {call["id"], Json("msg_x_0"), Json("nothing"), Json("")}) {
    const Json body = {{"input", {{{"type", "item_reference"}, {"id", id}}}}};
    EXPECT_NE(refusal(body, 404).find("not found"), std::string::npos) << id;
    EXPECT_EQ(server_.post("/v1/responses", body).json()["error"]["param"], "input[0]");
  }
  EXPECT_EQ(server_.post("/v1/responses", {{"input", {{{"type", "item_reference"}}}}}).status, 400);
}

TEST_F(ResponseItems, PassOverItemsOfOtherServices) {
  Json input = {{{"role", "user"}, {"content", "a"}}};
  Json expected = Json::array();
  for (const char* type : {"compaction", "mcp_list_tools", "tool_search_call", "tool_search_output",
                           "additional_tools", "mcp_approval_response", "web_search_call"}) {
    input.push_back({{"type", type}, {"id", "x"}});
    input.push_back({{"type", type}, {"id", "y"}});
    expected.push_back(std::string("input (") + type + ")");
  }
  EXPECT_EQ(ignored({{"input", input}}), expected);
}

}  // namespace
}  // namespace sirocco
