// SPDX-License-Identifier: Apache-2.0
// Forms of answers on the surfaces: tool_choice in its spellings, and grammars compiled beside the threads
// that answer everything else.
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "api/chat_reader.h"
#include "api/test_server.h"

namespace sirocco {
namespace {

using api::Compilation;
using api::Constraint;

class NoMask final : public TokenMask {
 public:
  bool fill(std::span<uint32_t>) override { return false; }
  bool accept(int32_t) override { return true; }
  bool finished() const override { return false; }
  std::unique_ptr<TokenMask> clone() const override { return std::make_unique<NoMask>(); }
};

// Remembers what it was asked for; what it compiles waits for `gate`.
class SlowCompiler final : public api::ConstraintCompiler {
 public:
  explicit SlowCompiler(std::shared_future<void> gate = {}) : gate_(std::move(gate)) {}

  api::ApiResult<Compilation> begin(const Constraint& constraint) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(constraint);
    if (constraint.form_text == "bad") {
      return Compilation{.run = []() -> api::ApiResult<api::Compiled> {
        return api::fail_api(api::ApiError::bad_request("grammar: bad", "grammar"));
      }};
    }
    const api::Compiled compiled{std::make_shared<NoMask>(), {"tools.odd.parameters"}};
    if (!gate_.valid()) return Compilation{.ready = compiled};
    return Compilation{.run = [this, compiled]() -> api::ApiResult<api::Compiled> {
      ++running;
      gate_.wait();
      return compiled;
    }};
  }
  Constraint last() const {
    const std::lock_guard lock(mutex_);
    return asked_.back();
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }
  std::atomic<int> running = 0;

 private:
  const std::shared_future<void> gate_;
  mutable std::mutex mutex_;
  std::vector<Constraint> asked_;
};

Json plain_tool(const std::string& name) {
  return {{"type", "function"}, {"function", {{"name", name}, {"parameters", {{"type", "object"}}}}}};
}
Json two_tools(const Json& choice) {
  return chat_body("x", {{"tools", {plain_tool("f"), plain_tool("g")}}, {"tool_choice", choice}});
}

TEST(Forms, ToolChoiceInItsSpellings) {
  const auto compiler = std::make_shared<SlowCompiler>();
  TestServer server({.engine = {}, .service = {}, .http = {}, .constraints = compiler});
  const auto asked = [&](const Json& choice) {
    EXPECT_EQ(server.post("/v1/chat/completions", two_tools(choice)).status, 200) << choice;
    return compiler->last();
  };
  for (const Json& choice : {Json("auto"), Json{{"type", "auto"}}}) {
    EXPECT_EQ(asked(choice).tool_choice, api::ToolChoice::automatic) << choice;
    EXPECT_EQ(compiler->last().tools.size(), 2u);
  }
  for (const Json& choice :
       {Json("required"), Json("any"), Json{{"type", "required"}}, Json{{"type", "any"}}})
    EXPECT_EQ(asked(choice).tool_choice, api::ToolChoice::required) << choice;
  for (const Json& choice :
       {Json{{"type", "function"}, {"function", {{"name", "g"}}}}, Json{{"type", "function"}, {"name", "g"}},
        Json{{"type", "tool"}, {"name", "g"}}}) {
    EXPECT_EQ(asked(choice).tool_choice, api::ToolChoice::required) << choice;
    ASSERT_EQ(compiler->last().tools.size(), 1u);
    EXPECT_EQ(compiler->last().tools[0].name, "g");
    EXPECT_FALSE(compiler->last().parallel_calls);
  }
  for (const Json& mode : {Json("auto"), Json("required")}) {
    const Json some = {{"mode", mode}, {"tools", {{{"type", "function"}, {"function", {{"name", "f"}}}}}}};
    const Constraint c = asked({{"type", "allowed_tools"}, {"allowed_tools", some}});
    EXPECT_EQ(c.tool_choice == api::ToolChoice::required, mode == "required");
    ASSERT_EQ(c.tools.size(), 1u);
    EXPECT_EQ(c.tools[0].name, "f");
  }
  const size_t before = compiler->count();
  EXPECT_EQ(server.post("/v1/chat/completions", two_tools("none")).status, 200);
  EXPECT_EQ(compiler->count(), before);  // banned markers do
  for (const Json& bad : {Json("sometimes"), Json(5), Json{{"type", "function"}, {"name", "h"}},
                          Json{{"type", "allowed_tools"}}, Json{{"type", "sometimes"}}})
    EXPECT_EQ(server.post("/v1/chat/completions", two_tools(bad)).status, 400) << bad;
}

TEST(Forms, BindRequestsThatComeWithoutAServer) {
  FakeEngine engine;
  const auto compiler = std::make_shared<SlowCompiler>();
  int made = 0;
  api::ChatReader reader(engine, [&] { return ++made, compiler; });
  std::vector<std::string> ignored;
  const auto plain = reader.read(chat_body("x", {{"sparkle", 1}, {"stream", true}, {"model", "m"}}).dump(), ignored);
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->mask, nullptr);
  EXPECT_EQ(ignored, std::vector<std::string>{"sparkle"});
  EXPECT_EQ(made, 0) << "no grammar, no compiler";
  for (const Json& mode : {Json("auto"), Json("required")}) {
    const auto bound = reader.read(two_tools(mode).dump(), ignored);
    ASSERT_TRUE(bound) << bound.error().message;
    EXPECT_NE(bound->mask, nullptr);
  }
  EXPECT_EQ(made, 1);
  const Json bad = {{"type", "json_schema"}, {"json_schema", {{"schema", "bad"}}}};
  EXPECT_EQ(reader.read(chat_body("x", {{"response_format", bad}}).dump(), ignored).error().message, "grammar: bad");
  EXPECT_EQ(reader.read("[]", ignored).error().message, "request body: expected an object, got array");

  api::ChatReader without(engine, [] { return nullptr; });
  EXPECT_EQ(without.read(two_tools("auto").dump(), ignored)->mask, nullptr);
  const auto refused = without.read(two_tools("required").dump(), ignored);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.starts_with("this build has no structured output")) << refused.error().message;
}

TEST(Forms, StrictToolsOfResponsesStayStrict) {
  const auto compiler = std::make_shared<SlowCompiler>();
  TestServer server({.engine = {}, .service = {}, .http = {}, .constraints = compiler});
  const Json body = {{"input", "x"}, {"tools", {{{"type", "function"}, {"name", "f"}, {"strict", true}}}}};
  EXPECT_EQ(server.post("/v1/responses", body).status, 200);
  EXPECT_TRUE(compiler->last().tools.at(0).strict);
}

TEST(Forms, RememberTheFieldThatAskedForThem) {
  const auto compiler = std::make_shared<SlowCompiler>();
  TestServer server({.engine = {}, .service = {}, .http = {}, .constraints = compiler});
  const std::map<std::string, Json> cases = {
      {"structured_outputs.regex", {{"structured_outputs", {{"regex", "a+"}}}}},
      {"structured_outputs.choice", {{"structured_outputs", {{"choice", Json::array({"a"})}}}}},
      {"guided_grammar", {{"guided_grammar", "root ::= \"a\""}}},
      {"json_schema", {{"json_schema", {{"type", "object"}}}}},
      {"grammar", {{"grammar", "root ::= \"a\""}}},
      {"response_format", {{"response_format", {{"type", "json_object"}}}}}};
  for (const auto& [field, more] : cases) {
    EXPECT_EQ(server.post("/v1/chat/completions", chat_body("x", more)).status, 200) << field;
    EXPECT_EQ(compiler->last().form_field, field);
  }
}

TEST(Forms, CompilingHoldsNobodyElseUp) {
  std::promise<void> gate;
  const auto compiler = std::make_shared<SlowCompiler>(gate.get_future().share());
  TestServer server({.engine = {}, .service = {}, .http = {.worker_threads = 1}, .constraints = compiler});
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::make_unique<Client>(server.port()));
    waiting.back()->send(request_text("POST", "/v1/chat/completions", two_tools("auto").dump()));
  }
  ASSERT_TRUE(server.wait_until([&] { return compiler->running > 0 && compiler->count() == 4; }));
  EXPECT_EQ(server.get("/health").status, 200);
  EXPECT_EQ(server.post("/v1/chat/completions", chat_body("y")).status, 200);
  EXPECT_EQ(server.post("/v1/chat/completions/input_tokens", two_tools("auto")).status, 200);
  EXPECT_EQ(compiler->count(), 4u);  // counting compiles nothing
  waiting.back()->close();           // leaves while its grammar waits
  gate.set_value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(waiting[static_cast<size_t>(i)]->answer().status, 200);
  ASSERT_TRUE(server.wait_until([&] { return server.service().active() == 0; }));
}

TEST(Forms, LogsWhatIsLeftToTheModel) {
  std::promise<void> opened;
  opened.set_value();
  const std::shared_future<void> gate = opened.get_future().share();
  for (const bool known : {true, false}) {
    const auto compiler = std::make_shared<SlowCompiler>(known ? std::shared_future<void>() : gate);
    TestServer server({.engine = {}, .service = {}, .http = {}, .constraints = compiler});
    Json body = two_tools("auto");
    body["sparkle"] = 1;
    EXPECT_EQ(server.post("/v1/chat/completions", body).status, 200);
    ASSERT_TRUE(server.wait_until([&] { return !server.log_lines().empty(); }));
    EXPECT_EQ(server.log_lines().back()["ignored"], Json({"sparkle", "tools.odd.parameters"})) << known;
  }
}

TEST(Forms, SaysWhatIsWrongWithAGrammarAfterCompilingIt) {
  std::promise<void> gate;
  gate.set_value();
  const auto compiler = std::make_shared<SlowCompiler>(gate.get_future().share());
  TestServer server({.engine = {}, .service = {}, .http = {}, .constraints = compiler});
  const HttpAnswer answer = server.post("/completion", {{"prompt", "x"}, {"grammar", "bad"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["error"]["param"], "grammar");
}

}  // namespace
}  // namespace sirocco
