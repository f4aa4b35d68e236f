// SPDX-License-Identifier: Apache-2.0
// What structured output costs a token: filling the mask and accepting the token, for texts that fit common
// forms, over a vocabulary from a tekken.json (131,072 tokens in the real model's), and what compiling costs.
//   bench_mask TEKKEN.json [STEP_MS]      STEP_MS: of a decode step, to print the share of it
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "grammar/grammar.h"
#include "text/tokenizer.h"

namespace sirocco {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// An engine of which only the vocabulary is real: all that a grammar asks for.
class Vocabulary final : public Engine {
 public:
  explicit Vocabulary(Tokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {
    info_.vocabulary = tokenizer_.vocab_size();
    info_.end_token = tokenizer_.eos_id();
  }
  const EngineInfo& info() const override { return info_; }
  EngineStats stats() const override { return {}; }
  Result<GenerateRequest> chat_request(std::string_view, ChatRules,
                                       std::vector<std::string>*) const override {
    return GenerateRequest{};
  }
  Result<void> read_fields(std::string_view, GenerateRequest&, std::vector<std::string>*) const override {
    return {};
  }
  Result<PictureTokens> picture(std::string_view) const override {
    return fail(ErrorKind::unsupported, "a vocabulary sees nothing");
  }
  std::vector<int32_t> tokenize(std::string_view text, const TokenizeOptions& options) const override {
    return options.parse_special ? tokenizer_.encode_raw(text) : tokenizer_.encode(text);
  }
  Result<std::vector<int32_t>> infill_prompt(std::string_view, std::string_view) const override { return {}; }
  std::string detokenize(std::span<const int32_t> ids, bool spell_special) const override {
    return tokenizer_.decode(ids, spell_special ? SpecialTokens::spell_out : SpecialTokens::skip);
  }
  std::string token_bytes(int32_t id) const override { return std::string(tokenizer_.piece(id)); }
  Result<Stream> submit(GenerateRequest) override { return Stream(); }
  Result<int64_t> save_session(const Session&, const std::string&) override { return 0; }
  Result<Session> restore_session(const std::string&) override { return Session(); }
  void drop_cached_prefixes() override {}

 private:
  Tokenizer tokenizer_;
  EngineInfo info_;
};

struct Case {
  const char* name;
  api::Constraint constraint;
  std::string text;  // fits it
};

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::vector<Case> cases() {
  const std::string person =
      R"({"type": "object", "required": ["name", "age"], "properties": {"name": {"type": "string"},
      "age": {"type": "integer", "minimum": 0, "maximum": 150}, "mail": {"type": "string", "format": "email"},
      "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}}}})";
  const std::string one =
      R"({"name": "Ada Lovelace", "age": 36, "mail": "ada@example.org", "tags": ["red", "blue"]})";
  const std::string prose = repeated(
      "The quick brown fox jumps over the lazy dog; c'est-à-dire qu'il saute. Это пример текста. ", 10);
  api::Constraint tools;
  for (int i = 0; i < 20; ++i)
    tools.tools.push_back({.name = fmt::format("tool_{}", i), .parameters = person});
  const auto form = [](api::FormKind kind, std::string text) {
    return api::Constraint{.chat = false, .form = kind, .form_text = std::move(text)};
  };
  using K = api::FormKind;
  return {
      {"schema: an object", form(K::json_schema, person), one},
      {"schema: a list of 50", form(K::json_schema, R"({"type": "array", "items": )" + person + "}"),
       fmt::format("[{}{}]", repeated(one + ", ", 49), one)},
      {"any JSON object", form(K::json_object, ""),
       R"({"a": [1, 2.5e3, null], "b": {"c": ")" + prose + R"("}})"},
      {"regex", form(K::regex, "([a-z]+@[a-z]+\\.org;)+"), repeated("ada@example.org;", 30)},
      {"GBNF", form(K::gbnf, "root ::= (word \" \")+\nword ::= [a-z]+"), repeated("lorem ipsum dolor ", 30)},
      {"20 tools, auto: prose", tools, prose}};
}

int run(const std::string& path, double step_ms) {
  auto tokenizer = Tokenizer::open(path);
  if (!tokenizer) {
    fmt::print(stderr, "error: {}\n", tokenizer.error().message);
    return 1;
  }
  const Vocabulary engine(*std::move(tokenizer));
  const auto compiler = make_constraint_compiler(engine);
  if (!compiler) {
    fmt::print(stderr, "error: this build has no grammars\n");
    return 1;
  }
  fmt::print("vocabulary {}; microseconds a token\n", engine.info().vocabulary);
  fmt::print("{:24}{:>12}{:>8}{:>9}{:>9}{:>9}{:>12}\n", "form", "compile ms", "tokens", "mean", "p99", "most",
             "of a step");
  for (const Case& c : cases()) {
    const auto begin = Clock::now();
    auto begun = compiler->begin(c.constraint);
    auto compiled = begun ? begun->run() : api::fail_api(begun.error());
    const double compile_ms = microseconds_since(begin) / 1e3;
    if (!compiled) {
      fmt::print(stderr, "error: {}: {}\n", c.name, compiled.error().message);
      return 1;
    }
    const auto mask = (*compiled)->clone();
    std::vector<uint32_t> bits(static_cast<size_t>(engine.info().vocabulary + 31) / 32);
    std::vector<double> times;
    for (const int32_t token : engine.tokenize(c.text, {})) {
      const auto start = Clock::now();
      const bool limits = mask->fill(bits);
      const bool allowed = !limits || (bits[static_cast<size_t>(token) / 32] >> (token % 32) & 1U) != 0;
      const bool taken = mask->accept(token);
      times.push_back(microseconds_since(start));
      if (allowed && taken) continue;
      fmt::print(stderr, "error: {}: token {} was not allowed\n", c.name, times.size());
      return 1;
    }
    std::ranges::sort(times);
    double sum = 0.0;
    for (const double time : times) sum += time;
    const double mean = sum / static_cast<double>(times.size());
    fmt::print("{:24}{:>12.1f}{:>8}{:>9.1f}{:>9.1f}{:>9.1f}{:>11.2f}%\n", c.name, compile_ms, times.size(),
               mean, times[times.size() * 99 / 100], times.back(), mean / (step_ms * 10.0));
  }
  return 0;
}

}  // namespace
}  // namespace sirocco

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "usage: bench_mask TEKKEN.json [STEP_MS]\n");
    return 2;
  }
  return sirocco::run(arguments[1], count > 2 ? std::atof(arguments[2]) : 33.0);
}
