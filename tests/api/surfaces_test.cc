// SPDX-License-Identifier: Apache-2.0
// The other surfaces: completions, llama-server's paths, Anthropic's messages, responses, models, metrics.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "api/test_server.h"

namespace sirocco {
namespace {

TEST(Completions, AnswersEveryFormOfPrompt) {
  TestServer server;
  for (const Json& prompt : {Json("abc"), Json::array({1000, 1001}), Json::array({"abc", 5})}) {
    const HttpAnswer answer = server.post("/v1/completions", {{"prompt", prompt}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json()["choices"][0]["text"], "and so on");
    EXPECT_EQ(answer.json()["object"], "text_completion");
  }
  const Json two = server.post("/v1/completions", {{"prompt", {"a", "b"}}, {"n", 2}, {"echo", true}}).json();
  ASSERT_EQ(two["choices"].size(), 4u);
  EXPECT_EQ(two["choices"][3]["index"], 3);
  EXPECT_EQ(two["choices"][3]["text"], "band so on");
  for (const Json& bad :
       {Json::array(), Json(5), Json::array({-1}), Json::array({1 << 30}), Json::object()}) {
    EXPECT_EQ(server.post("/v1/completions", {{"prompt", bad}}).status, 400) << bad;
  }
}

TEST(Completions, StreamsAndEndsWithDone) {
  TestServer server;
  const HttpAnswer answer =
      server.post("/v1/completions", {{"prompt", "abc"}, {"stream", true}, {"max_tokens", 4}});
  std::string text;
  for (const Json& event : answer.events()) text += event["choices"][0].value("text", "");
  EXPECT_EQ(text, "and ");
  EXPECT_EQ(answer.events().back()["choices"][0]["finish_reason"], "length");
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
}

TEST(Native, AnswersLikeLlamaServer) {
  TestServer server;
  const Json json =
      server.post("/completion", {{"prompt", "abc"}, {"n_predict", 3}, {"return_tokens", true}}).json();
  EXPECT_EQ(json["content"], "and");
  EXPECT_EQ(json["stop"], true);
  EXPECT_EQ(json["stop_type"], "limit");
  EXPECT_EQ(json["tokens_predicted"], 3);
  EXPECT_EQ(json["prompt"], "<s>abc");
  EXPECT_EQ(json["tokens"].size(), 3u);
  const HttpAnswer stream = server.post("/completion", {{"prompt", "abc"}, {"stream", true}});
  EXPECT_EQ(stream.events().back()["stop"], true);
  EXPECT_EQ(stream.events().front()["stop"], false);
  EXPECT_EQ(stream.body.find("[DONE]"), std::string::npos);
}

TEST(Native, FillsInTheMiddle) {
  TestServer server;
  const Json json =
      server.post("/infill", {{"input_prefix", "int a"}, {"input_suffix", "c;"}, {"prompt", " ="}}).json();
  EXPECT_EQ(json["prompt"], "<s>[SUFFIX]c;[PREFIX]int a =");
  EXPECT_EQ(server.post("/infill", Json::object()).status, 400);
}

TEST(Native, TokenizesInBothDialects) {
  TestServer server;
  EXPECT_EQ(server.post("/tokenize", {{"content", "ab"}}).json()["tokens"], Json::array({1097, 1098}));
  EXPECT_EQ(server.post("/tokenize", {{"content", "[INST]"}, {"add_special", true}}).json()["tokens"],
            Json::array({1, 3}));
  EXPECT_EQ(server.post("/tokenize", {{"content", "a"}, {"with_pieces", true}}).json()["tokens"][0]["piece"],
            "a");
  const Json vllm = server.post("/tokenize", {{"prompt", "ab"}, {"model", "m"}}).json();
  EXPECT_EQ(vllm["count"], 3);
  EXPECT_EQ(vllm["max_model_len"], 4096);
  EXPECT_EQ(server.post("/tokenize", chat_body("a")).json()["tokens"], Json::array({1, 3, 1097, 4}));
  const Json text = server.post("/detokenize", {{"tokens", {1097, 1098}}}).json();
  EXPECT_EQ(text["content"], "ab");
  EXPECT_EQ(text["prompt"], "ab");
  EXPECT_EQ(server.post("/detokenize", {{"tokens", {99999999}}}).status, 400);
  EXPECT_EQ(server.post("/apply-template", chat_body("a")).json()["prompt"], "<s>[INST]a[/INST]");
  EXPECT_EQ(server.post("/v1/chat/completions/input_tokens", chat_body("a")).json()["input_tokens"], 4);
}

TEST(Native, SavesAndRestoresSlots) {
  const std::string folder = testing::TempDir() + "sirocco_slots";
  std::filesystem::create_directories(folder);
  TestServer server({.engine = {}, .service = {.session_folder = folder}, .http = {}});
  server.post("/completion", {{"prompt", "abc"}, {"id_slot", 2}});
  ASSERT_TRUE(server.wait_until([&] { return server.service().active() == 0; }));
  const Json saved = server.post("/slots/2?action=save", {{"filename", "a.bin"}}).json();
  EXPECT_EQ(saved["n_saved"], 13) << saved;
  EXPECT_EQ(server.post("/slots/0?action=restore", {{"filename", "a.bin"}}).json()["n_restored"], 13);
  EXPECT_EQ(server.get("/slots").json()[0]["n_tokens_kept"], 13);
  EXPECT_EQ(server.post("/slots/0?action=erase", nullptr).json()["n_erased"], 13);
  EXPECT_EQ(server.engine().drops, 1);
  for (const char* name : {"../a", "", ".hidden", "a/b", "/etc/passwd"}) {
    EXPECT_EQ(server.post("/slots/0?action=save", {{"filename", name}}).status, 400) << name;
  }
  EXPECT_EQ(server.post("/slots/99?action=erase", nullptr).status, 404);
  EXPECT_EQ(server.post("/slots/0?action=dance", nullptr).status, 400);
  EXPECT_EQ(server.post("/slots/0?action=restore", {{"filename", "none"}}).status, 404);
}

TEST(Native, CutsItsAnswerDownToTheFieldsAskedFor) {
  TestServer server;
  const Json body = {
      {"prompt", "abc"},
      {"n_predict", 3},
      {"response_fields", {"content", "generation_settings/n_predict", "nothing", "content/x"}}};
  EXPECT_EQ(server.post("/completion", body).json(), (Json{{"content", "and"}, {"generation_settings/n_predict", 3}}));
  EXPECT_EQ(server.post("/completion", {{"prompt", "abc"}, {"response_fields", {5}}}).status, 400);
}

TEST(Native, NamesTheSlotThatItTook) {
  TestServer server;
  EXPECT_EQ(server.post("/completion", {{"prompt", "abc"}, {"id_slot", 3}}).json()["id_slot"], 3);
  EXPECT_EQ(server.post("/completion", {{"prompt", "abc"}, {"id_slot", 99}}).json()["id_slot"], 0);
}

TEST(Native, ForgetsItsPrefixesOnRequest) {
  TestServer server;
  EXPECT_EQ(server.post("/reset_prefix_cache", Json::object()).json()["success"], true);
  EXPECT_EQ(server.engine().drops, 1);
}

TEST(Completions, EchoesLogprobsOfThePrompt) {
  TestServer server;
  Json body = {{"prompt", "abc"}, {"max_tokens", 2}, {"echo", true}, {"logprobs", 1}};
  for (const bool stream : {false, true}) {
    body["stream"] = stream;
    const HttpAnswer answer = server.post("/v1/completions", body);
    std::string text;
    Json all = Json::object();  // of all events together
    for (const Json& event : stream ? answer.events() : std::vector<Json>{answer.json()}) {
      const Json& choice = event["choices"][0];
      EXPECT_FALSE(choice.contains("prompt_logprobs"));
      text += choice["text"];
      if (choice["logprobs"].is_null()) continue;
      for (const auto& [key, list] : choice["logprobs"].items()) {
        for (const Json& item : list) all[key].push_back(item);
      }
    }
    EXPECT_EQ(text, "abcan");
    EXPECT_EQ(all["tokens"], Json({"<s>", "a", "b", "c", "a", "n"}));
    EXPECT_EQ(all["token_logprobs"], Json({nullptr, -0.25, -0.25, -0.25, -0.5, -0.5}));
    EXPECT_EQ(all["text_offset"], Json({0, 0, 1, 2, 3, 4}));
    EXPECT_EQ(all["top_logprobs"].size(), 6u);
  }
}

TEST(Completions, TruncatesAndNamesTokensByIds) {
  TestServer server;
  const Json json = server
                        .post("/v1/completions", {{"prompt", "abcdef"},
                                                  {"truncate_prompt_tokens", 2},
                                                  {"echo", true},
                                                  {"logprobs", 0},
                                                  {"max_tokens", 1},
                                                  {"return_tokens_as_token_ids", true}})
                        .json();
  EXPECT_EQ(json["choices"][0]["text"], "efa");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 2);
  EXPECT_EQ(json["choices"][0]["logprobs"]["tokens"],
            Json({"token_id:1101", "token_id:1102", "token_id:1097"}));
  EXPECT_EQ(server.post("/v1/completions", {{"prompt", "a"}, {"truncate_prompt_tokens", 0}}).status, 400);
}

TEST(Messages, DropsTheBillingLineAndNothingBesides) {
  TestServer server;
  const auto count = [&](const Json& system) {
    return server
        .post("/v1/messages/count_tokens",
              {{"system", system}, {"messages", {{{"role", "user"}, {"content", "hey"}}}}})
        .json()["input_tokens"];
  };
  const std::string line = "x-anthropic-billing-header: cc=1";
  EXPECT_EQ(count("Be kind."), count({{{"type", "text"}, {"text", line + "\nBe kind."}}}));
  EXPECT_EQ(count("Be kind."), count(line + "\nBe kind."));
  EXPECT_EQ(
      count("Be kind."),
      count(Json::array({{{"type", "text"}, {"text", line}}, {{"type", "text"}, {"text", "Be kind."}}})));
}

TEST(Messages, ToleratesWhatOtherServersLeftInAConversation) {
  TestServer server;
  const Json body = {
      {"max_tokens", 100},
      {"messages",
       {{{"role", "user"}, {"content", Json::array()}},
        {{"role", "assistant"},
         {"content",
          {{{"type", "server_tool_use"}, {"id", "s"}, {"name", "web_search"}, {"input", Json::object()}},
           {{"type", "web_search_tool_result"}, {"tool_use_id", "s"}, {"content", Json::array()}},
           {{"type", "text"}, {"text", "k"}}}}},
        {{"role", "user"},
         {"content",
          {{{"type", "search_result"},
            {"source", "s"},
            {"title", "t"},
            {"content", {{{"type", "text"}, {"text", "found"}}}}}}}}}}};
  const HttpAnswer answer = server.post("/v1/messages", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["content"][0]["text"], "You said: t (s)\nfound");
}

TEST(Messages, AnswersWithBlocks) {
  TestServer server;
  const Json body = {{"model", "claude"},
                     {"max_tokens", 100},
                     {"system",
                      {{{"type", "text"}, {"text", "x-anthropic-billing-header: cc=1"}},
                       {{"type", "text"}, {"text", "Be kind."}}}},
                     {"thinking", {{"type", "enabled"}, {"budget_tokens", 50}}},
                     {"messages", {{{"role", "user"}, {"content", {{{"type", "text"}, {"text", "hey"}}}}}}}};
  const Json json = server.post("/v1/messages", body).json();
  EXPECT_EQ(json["type"], "message") << json;
  EXPECT_EQ(json["content"][0]["type"], "thinking");
  EXPECT_EQ(json["content"][1]["text"], "You said: hey");
  EXPECT_EQ(json["stop_reason"], "end_turn");
  const Json count = server.post("/v1/messages/count_tokens", body).json();
  EXPECT_EQ(count["input_tokens"], json["usage"]["input_tokens"]);
  Json other = body;  // the billing line changes every turn: the prompt may not
  other["system"][0]["text"] = "x-anthropic-billing-header: cc=22222";
  EXPECT_EQ(server.post("/v1/messages/count_tokens", other).json(), count);
}

TEST(Messages, StreamsEventsInOrder) {
  TestServer server;
  const Json body = {{"max_tokens", 100},
                     {"stream", true},
                     {"tools", {{{"name", "f"}, {"input_schema", {{"type", "object"}}}}}},
                     {"messages", {{{"role", "user"}, {"content", "call f {\"x\": 1}"}}}}};
  const HttpAnswer answer = server.post("/v1/messages", body);
  std::vector<std::string> names;
  for (const std::string& name : answer.event_names()) {
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"message_start", "ping", "content_block_start", "content_block_delta",
                                      "content_block_stop", "message_delta", "message_stop"}));
  std::string input;
  for (const Json& event : answer.events()) {
    if (event["type"] == "content_block_start") {
      EXPECT_EQ(event["content_block"]["name"], "f");
    }
    if (event["type"] == "content_block_delta") input += event["delta"]["partial_json"];
    if (event["type"] == "message_delta") {
      EXPECT_EQ(event["delta"]["stop_reason"], "tool_use");
    }
  }
  EXPECT_EQ(input, "{\"x\": 1}");
}

TEST(Messages, SignsThoughtsThatItStreams) {
  TestServer server;
  const Json body = {{"max_tokens", 100},
                     {"stream", true},
                     {"thinking", {{"type", "enabled"}, {"budget_tokens", 50}}},
                     {"messages", {{{"role", "user"}, {"content", "hey"}}}}};
  std::vector<std::string> thought;  // what the events of the first block are
  for (const Json& event : server.post("/v1/messages", body).events()) {
    if (event.value("index", -1) != 0) continue;
    const std::string what = event.contains("delta") ? event["delta"]["type"] : event["type"];
    if (thought.empty() || thought.back() != what) thought.push_back(what);
    if (what == "signature_delta") {
      EXPECT_EQ(event["delta"]["signature"], "");
    }
  }
  EXPECT_EQ(thought, (std::vector<std::string>{"content_block_start", "thinking_delta", "signature_delta",
                                               "content_block_stop"}));
}

TEST(Messages, TakesToolResultsAndNamesErrors) {
  TestServer server;
  Json body = {{"max_tokens", 100},
               {"messages",
                {{{"role", "user"}, {"content", "a"}},
                 {{"role", "assistant"},
                  {"content", {{{"type", "tool_use"}, {"id", "t1"}, {"name", "f"}, {"input", {{"x", 1}}}}}}},
                 {{"role", "user"},
                  {"content", {{{"type", "tool_result"}, {"tool_use_id", "t1"}, {"content", "42"}}}}}}}};
  EXPECT_EQ(server.post("/v1/messages", body).json()["content"][0]["text"], "You said: 42");
  body["messages"][0]["content"] = {{{"type", "hologram"}}};
  const HttpAnswer bad = server.post("/v1/messages", body);
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.json()["type"], "error");
  EXPECT_EQ(bad.json()["error"]["type"], "invalid_request_error");
  body.erase("max_tokens");
  EXPECT_EQ(server.post("/v1/messages", body).status, 400);
}

TEST(Responses, AnswersStoresAndGoesOn) {
  TestServer server;
  const Json first = server.post("/v1/responses", {{"input", "one"}, {"instructions", "Be brief."}}).json();
  EXPECT_EQ(first["object"], "response") << first;
  EXPECT_EQ(first["status"], "completed");
  EXPECT_EQ(first["output"][0]["content"][0]["text"], "You said: one");
  const std::string id = first["id"];
  EXPECT_EQ(server.get("/v1/responses/" + id).json(), first);
  EXPECT_EQ(server.get("/v1/responses/" + id + "/input_items").json()["data"][0]["content"], "one");
  const Json second = server.post("/v1/responses", {{"input", "two"}, {"previous_response_id", id}}).json();
  EXPECT_EQ(second["previous_response_id"], id);
  // The conversation comes along, the instructions do not.
  const int alone = server.post("/v1/responses", {{"input", "two"}}).json()["usage"]["input_tokens"];
  EXPECT_EQ(second["usage"]["input_tokens"].get<int>(), alone + 4 + 13);
  EXPECT_EQ(fetch(server.port(), "DELETE", "/v1/responses/" + id).json()["deleted"], true);
  EXPECT_EQ(server.get("/v1/responses/" + id).status, 404);
  const HttpAnswer gone = server.post("/v1/responses", {{"input", "x"}, {"previous_response_id", id}});
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.json()["error"]["param"], "previous_response_id");
  const Json unkept = server.post("/v1/responses", {{"input", "x"}, {"store", false}}).json();
  EXPECT_EQ(server.get("/v1/responses/" + unkept["id"].get<std::string>()).status, 404);
}

TEST(Responses, StreamsNumberedEvents) {
  TestServer server;
  const Json body = {{"input", {{{"role", "user"}, {"content", {{{"type", "input_text"}, {"text", "yo"}}}}}}},
                     {"stream", true},
                     {"reasoning", {{"effort", "high"}}}};
  const HttpAnswer answer = server.post("/v1/responses", body);
  const std::vector<Json> events = answer.events();
  int number = 0;
  std::string text, thought;
  for (const Json& event : events) {
    EXPECT_EQ(event["sequence_number"], number++);
    if (event["type"] == "response.output_text.delta") text += event["delta"];
    if (event["type"] == "response.reasoning_text.delta") thought += event["delta"];
  }
  EXPECT_EQ(text, "You said: yo");
  EXPECT_EQ(thought, "Hm.");
  EXPECT_EQ(events.front()["type"], "response.created");
  EXPECT_EQ(events.back()["type"], "response.completed");
  EXPECT_EQ(events.back()["response"]["output"].size(), 2u);
  EXPECT_EQ(events.back()["response"]["output"][0]["type"], "reasoning");
}

TEST(Responses, GiveLogprobsOfTheTextAlone) {
  TestServer server;
  Json body = {{"input", "yo"}, {"include", {"message.output_text.logprobs"}}, {"reasoning", {{"effort", "high"}}}};
  const Json whole = server.post("/v1/responses", body).json();
  const Json& content = whole["output"][1]["content"][0];
  ASSERT_EQ(content["logprobs"].size(), std::string("You said: yo").size()) << whole;
  EXPECT_EQ(content["logprobs"][0]["token"], "Y");
  EXPECT_EQ(content["logprobs"][0]["bytes"], Json::array({'Y'}));
  EXPECT_EQ(content["logprobs"][0]["logprob"], -0.5);
  EXPECT_EQ(content["logprobs"][0]["top_logprobs"], Json::array());

  body["stream"] = true;
  Json pieces = Json::array(), done;
  const std::vector<Json> events = server.post("/v1/responses", body).events();
  for (const Json& event : events) {
    if (event["type"] == "response.output_text.delta")
      for (const Json& entry : event["logprobs"]) pieces.push_back(entry);
    if (event["type"] == "response.output_text.done") done = event["logprobs"];
  }
  EXPECT_EQ(pieces, content["logprobs"]);
  EXPECT_EQ(done, content["logprobs"]);
  EXPECT_EQ(events.back()["response"]["output"][1]["content"][0]["logprobs"], content["logprobs"]);

  // Only where they are asked for: top_logprobs alone asks for nothing.
  const Json without = server.post("/v1/responses", {{"input", "yo"}, {"top_logprobs", 3}}).json();
  EXPECT_EQ(without["output"][0]["content"][0]["logprobs"], Json::array());
  EXPECT_EQ(server.post("/v1/responses", {{"input", "yo"}, {"include", 5}}).status, 400);
}

TEST(Responses, CallsFunctions) {
  TestServer server;
  const Json tools = {{{"type", "function"}, {"name", "f"}, {"parameters", {{"type", "object"}}}}};
  const Json json = server.post("/v1/responses", {{"input", "call f {}"}, {"tools", tools}}).json();
  EXPECT_EQ(json["output"][0]["type"], "function_call") << json;
  EXPECT_EQ(json["output"][0]["name"], "f");
  const Json next = {
      {"previous_response_id", json["id"]},
      {"input",
       {{{"type", "function_call_output"}, {"call_id", json["output"][0]["call_id"]}, {"output", "7"}}}}};
  EXPECT_EQ(server.post("/v1/responses", next).json()["output"][0]["content"][0]["text"], "You said: 7");
}

TEST(Responses, TakesItemsOfOtherTools) {
  TestServer server;
  const Json input = {{{"role", "user"}, {"content", "a"}},
                      {{"type", "web_search_call"}, {"id", "w"}, {"status", "completed"}},
                      {{"type", "custom_tool_call"}, {"call_id", "c"}, {"name", "patch"}, {"input", "x"}},
                      {{"type", "custom_tool_call_output"}, {"call_id", "c"}, {"output", "done"}}};
  const HttpAnswer answer = server.post("/v1/responses", {{"input", input}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["output"][0]["content"][0]["text"], "You said: done");
  EXPECT_EQ(server.post("/v1/responses", {{"input", {{{"type", "poem"}}}}}).status, 400);
}

TEST(Responses, AreBounded) {
  using namespace std::chrono_literals;
  api::ResponseStore store({.count = 2, .bytes = 100, .age = 10s});
  const auto t0 = api::ResponseStore::Clock::now();
  const auto put = [&](const std::string& id, size_t bytes, auto at) {
    store.put({.id = id, .body = std::string(bytes, 'x'), .messages = {}, .input = {}}, at);
  };
  put("a", 10, t0);
  put("b", 10, t0 + 1s);
  put("c", 10, t0 + 2s);
  EXPECT_FALSE(store.get("a", t0 + 2s));  // by count
  put("d", 85, t0 + 3s);
  EXPECT_FALSE(store.get("b", t0 + 3s));
  EXPECT_TRUE(store.get("c", t0 + 3s));
  put("e", 50, t0 + 4s);
  EXPECT_FALSE(store.get("d", t0 + 4s));  // by bytes
  EXPECT_TRUE(store.get("e", t0 + 14s));
  EXPECT_FALSE(store.get("e", t0 + 15s));  // by age
  EXPECT_EQ(store.count(), 0u);
}

TEST(Status, ModelsPropsAndRefusals) {
  TestServer server({.engine = {}, .service = {.model_name = "mine"}, .http = {}});
  EXPECT_EQ(server.get("/v1/models").json()["data"][0]["id"], "mine");
  EXPECT_EQ(server.get("/v1/models/anything").json()["id"], "mine");
  EXPECT_EQ(server.get("/v1/models/").status, 404);
  const Json base = server.get("/v1/models").json()["data"][0];  // what Mistral's clients look for
  EXPECT_EQ(base["type"], "base");
  EXPECT_EQ(base["name"], "mine");
  EXPECT_EQ(base["max_context_length"], 4096);
  EXPECT_EQ(server.get("/version").status, 200);
  EXPECT_EQ(server.get("/ping").status, 200);
  const Json props = server.get("/props").json();
  EXPECT_EQ(props["total_slots"], 8);
  EXPECT_EQ(props["default_generation_settings"]["params"]["temperature"], 0.3) << "what a chat request gets";
  EXPECT_EQ(server.get("/load").json()["server_load"], 0);
  EXPECT_EQ(server.get("/openapi.json").status, 200);
  const HttpAnswer embeddings = server.post("/v1/embeddings", {{"input", "x"}});
  EXPECT_EQ(embeddings.status, 501);
  EXPECT_NE(embeddings.json()["error"]["message"].get<std::string>().find("no embeddings"),
            std::string::npos);
  for (const char* path : {"/v1/reranking", "/v2/rerank", "/score", "/v1/score", "/v2/embed", "/pooling",
                           "/classify", "/v1/audio/transcriptions"})
    EXPECT_EQ(server.post(path, Json::object()).status, 501) << path;
  EXPECT_EQ(server.get("/is_sleeping").json()["is_sleeping"], false);
  EXPECT_EQ(server.get("/nowhere").status, 404);
  const HttpAnswer wrong = server.get("/v1/chat/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST, OPTIONS");
  // Of a path that is spelled out, not of the id that it would be as well.
  const HttpAnswer literal = server.get("/v1/responses/input_tokens");
  EXPECT_EQ(literal.status, 405);
  EXPECT_EQ(literal.headers.at("allow"), "POST, OPTIONS");
}

TEST(Status, ListsModelsInAnthropicsForm) {
  TestServer server({.engine = {}, .service = {.model_name = "mine", .strict_model = true}, .http = {}});
  const std::string version = "anthropic-version: 2023-06-01\r\n";
  const Json list = server.get("/v1/models", version).json();
  EXPECT_EQ(list["first_id"], "mine");
  EXPECT_EQ(list["last_id"], "mine");
  EXPECT_EQ(list["has_more"], false);
  ASSERT_EQ(list["data"].size(), 1u);
  const Json& card = list["data"][0];
  EXPECT_EQ(card["type"], "model");
  EXPECT_EQ(card["display_name"], "mine");
  EXPECT_TRUE(std::regex_match(card["created_at"].get<std::string>(),
                               std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")));
  EXPECT_EQ(server.get("/v1/models/mine", version).json(), card);
  const HttpAnswer other = server.get("/v1/models/other", version);
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(other.json()["error"]["type"], "not_found_error");
  EXPECT_EQ(other.json()["type"], "error");
}

TEST(Status, ShowsBothFamiliesOfMetrics) {
  TestServer server;
  server.post("/v1/chat/completions", chat_body("x"));
  ASSERT_TRUE(server.wait_until([&] { return server.service().active() == 0; }));
  const std::string text = server.get("/metrics").body;
  for (const char* name :
       {"llamacpp:tokens_predicted_total 11", "llamacpp:requests_processing 0", "vllm:num_requests_running{",
        "vllm:kv_cache_usage_perc{",
        "vllm:request_success_total{model_name=\"fake\",engine=\"0\",finished_reason=\"stop\"} 1",
        "vllm:time_to_first_token_seconds_count{", "http_requests_total{"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name << "\n" << text;
  }
}

TEST(Status, CountsInventedMethodsAsOne) {
  TestServer server;
  for (const char* method : {"BREW", "WHEN", "GET"}) fetch(server.port(), method, "/health");
  const std::string text = server.get("/metrics").body;
  EXPECT_NE(text.find("method=\"other\""), std::string::npos) << text;
  EXPECT_EQ(text.find("BREW"), std::string::npos);
}

}  // namespace
}  // namespace sirocco
