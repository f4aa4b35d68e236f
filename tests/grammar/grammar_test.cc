// SPDX-License-Identifier: Apache-2.0
// Masks: whatever tokens a model picks among the allowed ones, the reply has the promised form. A random
// walk stands in for the model; bytes are tokens (serve/fake_engine.h).
#include "grammar/grammar.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <tuple>

#include "api/fake_engine.h"
#include "grammar/harden_schema.h"
#include "grammar/schema_check.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

using api::Constraint;
using api::FormKind;
using api::ToolChoice;

constexpr int32_t kEnd = 2, kToolCalls = 9, kArguments = 32, kThink = 34, kEndThink = 35;

class GrammarTest : public testing::Test {
 protected:
  void SetUp() override {
    compiler_ = make_constraint_compiler(engine_);
    if (!compiler_) GTEST_SKIP() << "built without XGrammar";
  }

  api::ApiResult<api::Compiled> compile(const Constraint& constraint) {
    auto begun = compiler_->begin(constraint);
    if (!begun) return api::fail_api(begun.error());
    if (begun->ready) return *begun->ready;
    return begun->run();
  }
  std::unique_ptr<TokenMask> mask(const Constraint& constraint) {
    auto compiled = compile(constraint);
    EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
    return compiled ? compiled->mask->clone() : nullptr;
  }
  std::string refusal(const Constraint& constraint) {
    auto compiled = compile(constraint);
    return compiled ? "" : compiled.error().message;
  }

  std::vector<int32_t> allowed(TokenMask& mask) {
    const int64_t count = engine_.info().vocabulary;
    std::vector<uint32_t> bits(static_cast<size_t>((count + 31) / 32));
    std::vector<int32_t> ids;
    const bool some = mask.fill(bits);
    for (int32_t id = 0; id < count; ++id) {
      if (!some || (bits[static_cast<size_t>(id) / 32] >> (id % 32) & 1) != 0) ids.push_back(id);
    }
    return ids;
  }

  // Takes random allowed tokens until the end; prefers to end, so that walks stay short.
  std::vector<int32_t> walk(TokenMask& mask, uint64_t seed, size_t most = 4000) {
    std::mt19937_64 random(seed);
    std::vector<int32_t> taken;
    while (!mask.finished() && taken.size() < most) {
      const std::vector<int32_t> ids = allowed(mask);
      if (ids.empty()) {
        ADD_FAILURE() << "nothing is allowed after " << engine_.detokenize(taken, true);
        break;
      }
      int32_t pick = ids[random() % ids.size()];
      for (const int32_t wish : {kEnd, 1000 + '}', 1000 + ']', 1000 + '"', kEndThink, kArguments}) {
        if (random() % 4 == 0 && std::binary_search(ids.begin(), ids.end(), wish)) pick = wish;
      }
      EXPECT_TRUE(mask.accept(pick));
      taken.push_back(pick);
    }
    EXPECT_TRUE(mask.finished()) << engine_.detokenize(taken, true);
    if (!taken.empty() && taken.back() == kEnd) taken.pop_back();
    return taken;
  }
  // As clients see it: the grammar is over bytes, and a random walk finds sequences that are no characters.
  std::string text_of(const std::vector<int32_t>& ids) {
    std::string text;
    append_replacing_invalid(engine_.detokenize(ids, true), text);
    return text;
  }
  bool accepts(const Constraint& constraint, const std::string& text) {
    auto walker = mask(constraint);
    for (const int32_t id : engine_.tokenize(text, {.parse_special = true})) {
      const std::vector<int32_t> ids = allowed(*walker);
      if (!std::binary_search(ids.begin(), ids.end(), id)) return false;
      EXPECT_TRUE(walker->accept(id));
    }
    const std::vector<int32_t> ids = allowed(*walker);
    return std::binary_search(ids.begin(), ids.end(), kEnd);
  }

  FakeEngine engine_;
  std::shared_ptr<api::ConstraintCompiler> compiler_;
};

const char* const kPerson = R"({"type": "object", "additionalProperties": false, "required": ["name", "age"],
  "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer", "minimum": 0, "maximum": 150},
                 "tags": {"type": "array", "maxItems": 2, "items": {"enum": ["a", "b"]}}}})";

Constraint schema(const std::string& text) {
  return {.thinking = false, .form = FormKind::json_schema, .form_text = text};
}

TEST_F(GrammarTest, BlamesTheFieldThatAskedForTheForm) {
  for (const char* pattern : {"(", "^((a{1,9}){1,9}){1,9}$"}) {  // refused by the compiler, and before it
    const auto refused =
        compile({.chat = false, .form = FormKind::regex, .form_text = pattern, .form_field = "guided_regex"});
    ASSERT_FALSE(refused.has_value()) << pattern;
    EXPECT_EQ(refused.error().param, "guided_regex") << pattern;
  }
  const auto schema = compile({.chat = false,
                               .form = FormKind::json_schema,
                               .form_text = R"({"type": "string", "minLength": -1})",
                               .form_field = "guided_json"});
  ASSERT_FALSE(schema.has_value());
  EXPECT_EQ(schema.error().param, "guided_json");
}

TEST_F(GrammarTest, EveryWalkFitsTheSchema) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto walker = mask(schema(kPerson));
    const std::string text = text_of(walk(*walker, seed));
    const Json json = Json::parse(text, nullptr, false);
    ASSERT_TRUE(json.is_object()) << text;
    EXPECT_TRUE(json["name"].is_string()) << text;
    ASSERT_TRUE(json["age"].is_number_integer()) << text;
    EXPECT_LE(json["age"].get<int>(), 150) << text;
  }
}

TEST_F(GrammarTest, WhiteSpaceBetweenElementsIsBounded) {
  const auto spaced = [](size_t count, const std::string& before, const std::string& after) {
    return before + std::string(count, ' ') + after;
  };
  const auto person = schema(kPerson), anything = schema(R"({"type": "array"})");
  for (const auto& [form, before, after] :
       std::vector<std::tuple<Constraint, std::string, std::string>>{
           {person, "{", R"("name": "x", "age": 3})"},
           {person, R"({"name": "x", "age": 3)", "}"},
           {person, R"({"name": "x", "age": 3, "tags": ["a",)", R"("b"]})"},
           {anything, "[", "1]"},
           {anything, R"([{"a": [1,)", "2]}]"}}) {
    EXPECT_TRUE(accepts(form, spaced(40, before, after))) << before;
    EXPECT_FALSE(accepts(form, spaced(41, before, after))) << before;
  }
  EXPECT_TRUE(accepts(anything, spaced(60, "[\"", "\"]")));  // inside a string it is text
}

TEST_F(GrammarTest, BoundsOfNumbersHold) {
  const auto within = [&](const char* text, const char* number) { return accepts(schema(text), number); };
  const char* const integer = R"({"type": "integer", "minimum": -36, "exclusiveMaximum": 157})";
  for (const char* number : {"-36", "-9", "0", "7", "99", "156"}) EXPECT_TRUE(within(integer, number)) << number;
  for (const char* number : {"-37", "-", "157", "159", "1000", "0.5"}) EXPECT_FALSE(within(integer, number)) << number;
  const char* const real = R"({"type": "number", "minimum": 45.99, "maximum": 64.09})";
  for (const char* number : {"45.99", "46", "50.25", "64.09"}) EXPECT_TRUE(within(real, number)) << number;
  for (const char* number : {"45.98", "64V09", "64.1", "4", "700"}) EXPECT_FALSE(within(real, number)) << number;
}

TEST_F(GrammarTest, CountedArraysOfAnything) {
  const auto two = schema(R"({"type": "array", "minItems": 2, "maxItems": 3})");
  EXPECT_TRUE(accepts(two, R"([1, {"a": null}])"));
  EXPECT_FALSE(accepts(two, "[1]"));
  EXPECT_FALSE(accepts(two, "[1, 2, 3, 4]"));
}

TEST_F(GrammarTest, LargeCountsAndSchemasCompile) {
  const std::string open = R"({"type": "object", "minProperties": 5000, "additionalProperties": {"type": "string"}})";
  EXPECT_EQ(refusal(schema(open)), "");
  EXPECT_EQ(refusal(schema(R"({"type": "array", "minItems": 100000, "items": {"type": "integer"}})")), "");
  const auto object_of = [](int properties) {
    Json many = {{"type", "object"}};
    for (int i = 0; i < properties; ++i) many["properties"]["p" + std::to_string(i)] = {{"type", "string"}};
    return many;
  };
  EXPECT_EQ(refusal(schema(object_of(300).dump())), "");
  EXPECT_EQ(refusal(schema(Json{{"type", "array"}, {"items", object_of(1001)}}.dump())),
            "response_format: an object with 1001 properties, the limit is 1000");
}

TEST_F(GrammarTest, OtherFormsHold) {
  const Constraint object{.chat = false, .form = FormKind::json_object};
  const Constraint regex{.chat = false, .form = FormKind::regex, .form_text = "[a-c]{2,5}-[0-9]+"};
  const Constraint choice{
      .chat = false, .form = FormKind::choice, .alternatives = {"yes", "no", "yes and no"}};
  const Constraint gbnf{.chat = false, .form = FormKind::gbnf, .form_text = "root ::= \"x\" [yz]* \".\""};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const auto text = [&](const Constraint& c) { return text_of(walk(*mask(c), seed)); };
    EXPECT_TRUE(Json::parse(text(object), nullptr, false).is_object()) << text(object);
    EXPECT_TRUE(std::regex_match(text(regex), std::regex("[a-c]{2,5}-[0-9]+")));
    EXPECT_TRUE(std::regex_match(text(choice), std::regex("yes|no|yes and no")));
    EXPECT_TRUE(std::regex_match(text(gbnf), std::regex("x[yz]*\\.")));
  }
}

Constraint tools(ToolChoice choice, bool parallel = true, bool thinking = true) {
  return {.thinking = thinking,
          .tools = {{.name = "get", .parameters = kPerson}, {.name = "put"}},
          .tool_choice = choice,
          .parallel_calls = parallel};
}

TEST_F(GrammarTest, StructureHoldsInEveryToolChoice) {
  const std::string get = R"([TOOL_CALLS]get[ARGS]{"name": "x", "age": 3})", put = "[TOOL_CALLS]put[ARGS]{}";
  const auto automatic = tools(ToolChoice::automatic), required = tools(ToolChoice::required),
             none = tools(ToolChoice::none), single = tools(ToolChoice::required, false);
  EXPECT_TRUE(accepts(automatic, "hello"));
  EXPECT_TRUE(accepts(automatic, get));
  EXPECT_TRUE(accepts(automatic, "I look." + get + put));
  EXPECT_TRUE(accepts(automatic, "[THINK]hm[/THINK]hello" + put));
  EXPECT_TRUE(accepts(required, "[THINK]hm[/THINK]" + get));
  EXPECT_TRUE(accepts(none, "[THINK]hm[/THINK]hello"));
  EXPECT_TRUE(accepts(single, get));

  EXPECT_FALSE(accepts(automatic, "[TOOL_CALLS]other[ARGS]{}"));            // names of given tools alone
  EXPECT_FALSE(accepts(automatic, R"([TOOL_CALLS]get[ARGS]{"name": 1})"));  // arguments by their schema
  EXPECT_FALSE(accepts(automatic, get + "more text"));
  EXPECT_FALSE(accepts(automatic, "a[THINK]b[/THINK]"));  // thinking leads or is not
  EXPECT_FALSE(accepts(automatic, "[THINK]a"));           // and is closed
  EXPECT_FALSE(accepts(automatic, "[INST]"));
  EXPECT_FALSE(accepts(required, "hello"));
  EXPECT_FALSE(accepts(none, get));
  EXPECT_FALSE(accepts(single, get + put));
  EXPECT_FALSE(accepts(tools(ToolChoice::automatic, true, false), "[THINK]hm[/THINK]hello"));
}

// Beside a tool whose schema is in order. `faulty` becomes the schema of its argument "a".
Constraint odd_tool(const std::string& faulty, bool strict = false) {
  const std::string parameters = R"({"type": "object", "required": ["a", "n"], "properties": {"a": )" +
                                 faulty +
                                 R"(, "n": {"type": "integer"}}, "$defs": {"known": {"type": "integer"}}})";
  return {.tools = {{.name = "get", .parameters = kPerson},
                    {.name = "odd", .parameters = parameters, .strict = strict}}};
}

TEST_F(GrammarTest, OneOddSchemaCostsItsArgumentAlone) {
  const std::string get = R"([TOOL_CALLS]get[ARGS]{"name": "x", "age": 3})";
  const auto odd = [](const std::string& a) { return R"([TOOL_CALLS]odd[ARGS]{"a": )" + a + R"(, "n": 3})"; };
  for (const char* faulty :
       {R"({"type": "any"})", R"({"$ref": "#/$defs/nowhere"})", R"({"type": "integer", "minimum": 1.5})",
        R"({"type": "integer", "maximum": 1e308})", R"({"type": "integer", "minimum": 5, "maximum": 3})",
        R"({"type": "string", "minLength": 5, "maxLength": 3})", R"({"type": "array", "items": {"type": 5}})",
        R"({"type": "object", "patternProperties": {"\"": {}}})", R"("string")",
        R"({"type": "array", "minItems": 2, "maxItems": 1})"}) {
    const Constraint c = odd_tool(faulty);
    const auto compiled = compile(c);
    ASSERT_TRUE(compiled.has_value()) << faulty << " " << compiled.error().message;
    EXPECT_EQ(compiled->ignored, std::vector<std::string>{"tools.odd.parameters"}) << faulty;
    EXPECT_EQ(compile(c)->ignored, compiled->ignored);  // also where it was compiled before
    EXPECT_TRUE(accepts(c, get + odd("2") + odd(R"({"any": ["thing"]})"))) << faulty;
    EXPECT_FALSE(accepts(c, R"([TOOL_CALLS]get[ARGS]{"name": 1})")) << faulty;
    const std::string strict = refusal(odd_tool(faulty, true));
    EXPECT_TRUE(strict.starts_with("tools.odd.parameters: ")) << faulty << " " << strict;
  }
  const Constraint one = odd_tool(R"({"$ref": "#/$defs/nowhere"})");
  // The other argument keeps its form.
  EXPECT_FALSE(accepts(one, R"([TOOL_CALLS]odd[ARGS]{"a": 2, "n": "x"})"));
  EXPECT_FALSE(accepts(odd_tool(R"({"$ref": "#/$defs/known"})"), odd(R"("x")")));
  EXPECT_TRUE(compile(odd_tool(R"({"$ref": "#/$defs/known"})"))->ignored.empty());
}

TEST_F(GrammarTest, NoSchemaOfAToolCostsTheOthers) {
  const std::string get = R"([TOOL_CALLS]get[ARGS]{"name": "x", "age": 3})";
  for (const char* odd : {R"({"type": "number", "maximum": 1e308})",
                          R"({"type": "number", "minimum": -1e-300})",
                          R"({"anyOf": []})",
                          R"({"type": "integer", "minimum": -9223372036854775808})",
                          R"({"type": "integer", "multipleOf": 0})",
                          R"({"type": "string", "minLength": -1})",
                          R"({"type": "string", "maxLength": 1.5})",
                          R"({"enum": "x"})",
                          R"({"anyOf": null})",
                          R"({"oneOf": {}})",
                          R"({"allOf": []})",
                          R"({"type": []})",
                          R"({"type": null})",
                          R"({"type": ["string", "any"]})",
                          R"({"type": "string", "pattern": 5})",
                          R"({"type": "string", "format": 5})",
                          R"({"type": "string", "pattern": "("})",
                          R"({"type": "object", "additionalProperties": "false"})",
                          R"({"type": "object", "required": [1, 2]})",
                          R"({"type": "object", "minProperties": 1.5})",
                          R"({"type": "object", "properties": []})",
                          R"({"type": "array", "maxItems": -1})",
                          R"({"$ref": 5})",
                          "[]",
                          "5",
                          R"({"type": "array", "items": [true, false], "additionalItems": 3})",
                          R"({"$ref": "#/properties/a"})",
                          R"({"$ref": "#"})",
                          R"({"$defs": null, "propertyNames": null})",
                          R"({"minimum": true})",
                          "false"}) {
    EXPECT_TRUE(accepts(odd_tool(odd), get)) << odd;
    const Constraint alone{
        .tools = {{.name = "get", .parameters = kPerson}, {.name = "odd", .parameters = odd}}};
    EXPECT_TRUE(accepts(alone, get)) << odd;
  }
}

TEST_F(GrammarTest, OlderDraftsOfToolsAreEnforced) {
  const auto odd = [](const std::string& a) { return R"([TOOL_CALLS]odd[ARGS]{"a": )" + a + R"(, "n": 3})"; };
  const std::vector<std::tuple<const char*, const char*, const char*>> cases = {
      {R"({"type": "array", "items": [{"type": "integer"}, {"type": "string"}]})", R"([1, "x"])",
       R"(["x", 1])"},
      {R"({"type": "integer", "minimum": 3, "exclusiveMinimum": true})", "4", "3"},
      {R"({"type": "integer", "maximum": 3, "exclusiveMaximum": false})", "3", "4"},
      {R"({"type": "object", "required": null, "properties": null})", R"({})", "1"},
      {R"({"type": "array", "items": null})", R"([1, "x"])", "1"}};
  for (const auto& [text, good, bad] : cases) {
    const Constraint c = odd_tool(text);
    EXPECT_TRUE(compile(c)->ignored.empty()) << text;
    EXPECT_TRUE(accepts(c, odd(good))) << text;
    EXPECT_FALSE(accepts(c, odd(bad))) << text;
    EXPECT_EQ(refusal(schema(text)), "") << text;  // in forms too
  }
}

TEST_F(GrammarTest, ToolsWithoutAnyGrammarTakeAnyObject) {
  for (const std::string& hopeless :
       {std::string(R"({"type": "object", "required": "a"})"), std::string(R"({"$ref": "#/$defs/a"})"),
        std::string(R"({"type": "object", "patternProperties": {"\"": {}}})"),
        std::string(R"({"type": "thing"})"),
        R"({"type": "object", "description": ")" + std::string(600 << 10, 'x') + "\"}"}) {
    const Constraint c{.tools = {{.name = "odd", .parameters = hopeless}}};
    const auto compiled = compile(c);
    ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
    EXPECT_EQ(compiled->ignored, std::vector<std::string>{"tools.odd.parameters"});
    EXPECT_TRUE(accepts(c, R"([TOOL_CALLS]odd[ARGS]{"b": [1]})"));
    EXPECT_FALSE(accepts(c, "[TOOL_CALLS]odd[ARGS]1"));
  }
  // Forms are kept or refused.
  EXPECT_TRUE(refusal(schema(R"({"type": "thing"})")).starts_with("response_format: "));
}

TEST_F(GrammarTest, RequiredWalksAlwaysCall) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto walker = mask(tools(ToolChoice::required, false));
    const std::vector<int32_t> ids = walk(*walker, seed, 20'000);
    const auto call = std::find(ids.begin(), ids.end(), kToolCalls);
    const auto arguments = std::find(ids.begin(), ids.end(), kArguments);
    ASSERT_TRUE(call < arguments && arguments < ids.end()) << engine_.detokenize(ids, true);
    const std::string name = text_of({call + 1, arguments});
    EXPECT_TRUE(name == "get" || name == "put") << name;
    EXPECT_TRUE(Json::parse(text_of({arguments + 1, ids.end()}), nullptr, false).is_object());
  }
}

TEST_F(GrammarTest, ThinkingThatIsOpenMustClose) {
  Constraint c = schema(kPerson);
  c.inside_thinking = true;
  EXPECT_TRUE(accepts(c, R"(so[/THINK]{"name": "x", "age": 3})"));
  EXPECT_FALSE(accepts(c, R"({"name": "x", "age": 3})"));
}

TEST_F(GrammarTest, ClonesGoTheirOwnWays) {
  auto first = mask({.chat = false, .form = FormKind::choice, .alternatives = {"ab", "ac"}});
  ASSERT_TRUE(first->accept(1000 + 'a'));
  auto second = first->clone();
  ASSERT_TRUE(first->accept(1000 + 'b'));
  ASSERT_TRUE(second->accept(1000 + 'c'));
  EXPECT_FALSE(first->accept(1000 + 'c'));
}

TEST_F(GrammarTest, CompilesAFormOnce) {
  auto first = compiler_->begin(schema(kPerson));
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->ready);
  ASSERT_TRUE(first->run().has_value());
  auto second = compiler_->begin(schema(kPerson));
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(second->ready);
  EXPECT_FALSE(compiler_->begin(schema(R"({"type": "integer"})"))->ready);
}

TEST_F(GrammarTest, RepetitionsWithoutEndAreKept) {
  const Constraint c =
      schema(R"({"type": "array", "minItems": 2, "items": {"enum": ["x{2, -1}", "\"[{3, -1}"]}})");
  EXPECT_TRUE(accepts(c, R"(["x{2, -1}", "\"[{3, -1}", "x{2, -1}"])"));
  EXPECT_FALSE(accepts(c, R"(["x{2, -1}"])"));
  const Constraint text = schema(R"({"type": "string", "minLength": 3})");
  EXPECT_TRUE(accepts(text, '"' + std::string(400, 'x') + '"'));
  EXPECT_FALSE(accepts(text, R"("xx")"));
}

TEST_F(GrammarTest, WhiteSpaceCannotGoOnForEver) {
  const Constraint c = schema(R"({"type": "array", "items": {"type": "integer"}})");
  EXPECT_TRUE(accepts(c, "[\n" + std::string(30, ' ') + "1, 2 ]"));
  EXPECT_FALSE(accepts(c, "[" + std::string(500, ' ') + "1]"));
}

TEST_F(GrammarTest, NamesWhatCannotBeEnforced) {
  EXPECT_NE(
      refusal(schema(R"({"type": "object", "properties": {"n": {"type": "integer", "multipleOf": 5}}})"))
          .find("properties.n.multipleOf"),
      std::string::npos);
  EXPECT_NE(refusal(schema(R"({"not": {"type": "string"}})")).find("not"), std::string::npos);
  EXPECT_NE(refusal(schema(R"({"$ref": "https://example.org/x.json"})")).find("$ref"), std::string::npos);
  EXPECT_NE(refusal(schema(R"({"items": {"$dynamicRef": "#x"}})")).find("items.$dynamicRef"),
            std::string::npos);
  EXPECT_NE(refusal(schema("nonsense")), "");
  EXPECT_NE(refusal({.chat = false, .form = FormKind::regex, .form_text = "(a"}), "");
  EXPECT_NE(refusal({.chat = false, .form = FormKind::gbnf, .form_text = "root ::= nowhere"}), "");
}

TEST_F(GrammarTest, PatternsCannotBreakOutOfTheirString) {
  const Constraint c =
      schema(R"({"type": "object", "additionalProperties": false, "required": ["a", "b", "c"],
    "properties": {"a": {"type": "string", "pattern": "^.{3}[^a]\\S+$"}, "b": {"type": "string", "minLength": 2},
                   "c": {"type": "string", "pattern": "[a-z]+\\.[0-9]"}}})");
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string text = text_of(walk(*mask(c), seed));
    EXPECT_TRUE(Json::parse(text, nullptr, false).is_object()) << text;
  }
  EXPECT_NE(refusal(schema(R"({"type": "string", "pattern": "\\n"})")), "");
  EXPECT_NE(refusal(schema(R"({"type": "string", "pattern": "[ -~]"})")), "");
}

TEST(SchemaCheck, FindsKeywordsWhereTheyCount) {
  EXPECT_TRUE(inexpressible_keywords(Json::parse(R"({"properties": {"not": {"type": "string"}}})")).empty());
  EXPECT_TRUE(inexpressible_keywords(Json::parse(R"({"uniqueItems": false, "enum": [{"if": 1}]})")).empty());
  EXPECT_EQ(
      inexpressible_keywords(Json::parse(R"({"anyOf": [{"type": "null"}, {"items": {"contains": {}}}]})")),
      std::vector<std::string>{"anyOf[1].items.contains"});
  EXPECT_EQ(inexpressible_keywords(Json::parse(R"({"properties": {"a": {"$ref": "#anchor"}, "b": {"enum": []},
                                                    "c": {"$ref": "#"}, "d": {"$ref": "#/$defs/x"}}})")),
            (std::vector<std::string>{"properties.a.$ref", "properties.b.enum"}));
}

TEST(HardenSchema, LeavesOutUnsafePatternsWhereTheyNeedNotHold) {
  const Json schema = Json::parse(R"({"properties": {"a": {"type": "string", "pattern": "\\t", "maxLength": 3}}})");
  EXPECT_FALSE(harden_schema(schema, UnsafePattern::refuse).has_value());
  const auto lenient = harden_schema(schema, UnsafePattern::leave_out);
  ASSERT_TRUE(lenient.has_value());
  EXPECT_EQ((*lenient)["properties"]["a"],
            Json::parse(R"({"type": "string", "pattern": "[^\\x00-\\x1f\"\\\\]{0,3}"})"));
}

TEST(HardenSchema, LeavesOutListsOfNoValues) {
  const Json schema = Json::parse(R"({"properties": {"a": {"enum": []}, "b": {"enum": ["x"]}}})");
  EXPECT_EQ((*harden_schema(schema, UnsafePattern::leave_out))["properties"],
            Json::parse(R"({"a": {}, "b": {"enum": ["x"]}})"));
}

TEST(HardenSchema, ReachesPropertiesWhateverTheirNames) {
  for (const char* name : {"a", "default", "enum", "const", "examples", "properties"}) {
    const Json schema = {{"properties", {{name, {{"type", "string"}, {"pattern", "."}}}}}};
    EXPECT_EQ((*harden_schema(schema, UnsafePattern::refuse))["properties"][name]["pattern"], R"([^\x00-\x1f"\\])")
        << name;
  }
  const Json value = {{"default", {{"pattern", "."}}}};
  EXPECT_EQ(*harden_schema(value, UnsafePattern::refuse), value);
}

TEST(HardenSchema, MakesNoOtherNamesBesidePatternsOfThem) {
  const Json patterns = {{"^p[0-9]$", {{"type", "boolean"}}}}, other = {{"type", "integer"}};
  const Json both = {{"patternProperties", patterns}, {"additionalProperties", other}};
  EXPECT_EQ((*harden_schema(both, UnsafePattern::refuse))["additionalProperties"], false);
  const Json alone = {{"additionalProperties", other}};
  EXPECT_EQ(*harden_schema(alone, UnsafePattern::refuse), alone);
}

TEST(HardenSchema, RewritesWhatReachesTooFar) {
  EXPECT_EQ(harden_pattern("^a.b$").value(), R"(^a[^\x00-\x1f"\\]b$)");
  EXPECT_EQ(harden_pattern("[^x]").value(), R"([^\x00-\x1f"\\x])");
  EXPECT_EQ(harden_pattern("[a-z]\\d").value(), "[a-z]\\d");
  EXPECT_EQ(harden_pattern("(?:a|b)(?<c>d)").value(), "(?:a|b)(?<c>d)");
  for (const char* good : {"a{1,2}5{1,2}6{1,2}", "((a{1,2}){1,2}){3}", "(a{1,2}b{1,2}){1,2}(c{1,2})+",
                           "x{1,2}[{1,2}{1,2}]"})
    EXPECT_FALSE(repeats_too_deep(good)) << good;
  for (const char* deep : {"^((a{1,9}){1,9}){1,9}$", "((a{1,2}b?){0,2}|c){3,}", "(?:(?:a{1,2})+{1,2}){1,2}"})
    EXPECT_TRUE(repeats_too_deep(deep)) << deep;
  for (const char* bad : {"\"", "\\\\", "[ -z]", "[\\n]", "\\t", "[a", "\\", "(?=.*a).", "(?<!a)b", "(?i)x",
                          "\\bfoo", "\\p{L}", "(a)\\1"}) {
    EXPECT_FALSE(harden_pattern(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace sirocco
