// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <random>

#include "base/cpu_clock.h"
#include "engine_fixture.h"

namespace sirocco {
namespace {

constexpr int32_t kEnd = 2;

// A token that depends on the whole history, never a control token.
int32_t wander(std::span<const int32_t> history) {
  uint64_t hash = 7;
  for (const int32_t token : history) hash = mix64(hash ^ static_cast<uint64_t>(token));
  return 1032 + static_cast<int32_t>(hash % 90);  // printable single bytes
}

GenerateRequest prompt_request(std::vector<int32_t> prompt, int64_t max_tokens) {
  GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0.0;
  return request;
}

std::vector<int32_t> numbers(int32_t first, int count) {
  std::vector<int32_t> ids;
  for (int i = 0; i < count; ++i) ids.push_back(1000 + (first + i) % 200);
  return ids;
}

TEST(Engine, AnswersAloneAsInAnyCompany) {
  std::mt19937 random(3);
  std::vector<GenerateRequest> requests;
  for (int i = 0; i < 40; ++i) {
    auto request =
        prompt_request(numbers(static_cast<int32_t>(random() % 5), 1 + static_cast<int>(random() % 250)),
                       1 + static_cast<int64_t>(random() % 100));
    request.sampling.temperature = i % 3 == 0 ? 0.0 : 1.0;
    request.sampling.top_k = i % 4 == 0 ? 20 : 0;
    request.sampling.repetition_penalty = i % 5 == 0 ? 1.3 : 1.0;
    request.sampling.seed = static_cast<uint64_t>(i);
    request.sampling.has_seed = true;
    request.priority = static_cast<int>(random() % 3);
    requests.push_back(std::move(request));
  }
  EngineOptions tight = FakeEngine::small();
  tight.cache_bytes = 12 * Model::kPageTokens * 4;
  FakeEngine crowd(wander, tight), alone(wander, tight);
  crowd.model->step_time = std::chrono::milliseconds(1);  // so that all meet
  std::vector<Stream> streams;
  for (const GenerateRequest& request : requests)
    streams.push_back(std::move(*crowd.engine->submit(request)));
  for (size_t i = 0; i < requests.size(); ++i) {
    alone.engine->drop_cached_prefixes();
    const Answer expected = alone.answer(requests[i]);
    Answer got = read_all(streams[i])[0];
    EXPECT_EQ(got.tokens, expected.tokens) << i;
    EXPECT_EQ(got.finish.logits_hash, expected.finish.logits_hash) << i;
    EXPECT_EQ(got.finishes, 1);
    EXPECT_EQ(got.finish.reason, expected.finish.reason);
  }
  const EngineStats stats = crowd.settled();
  EXPECT_EQ(stats.pages_held, 0);
  EXPECT_EQ(stats.pages_free + stats.pages_cached, crowd.engine->info().cache_pages);
  EXPECT_GT(stats.preemptions, 0u) << "the cache was meant to be too small";
  EXPECT_GT(stats.cached_tokens, 0u);
}

TEST(Engine, ReusesWhatAnEarlierRequestComputed) {
  FakeEngine e(wander);
  const Answer first = e.answer(prompt_request(numbers(0, 150), 10));
  EXPECT_EQ(first.finish.usage.cached_tokens, 0);
  const int64_t rows = e.model->rows;
  const Answer again = e.answer(prompt_request(numbers(0, 150), 10));
  EXPECT_EQ(again.tokens, first.tokens);
  EXPECT_EQ(again.finish.usage.cached_tokens, 149);
  EXPECT_EQ(e.model->rows - rows, 10);  // the last prompt token and nine of the answer

  auto salted = prompt_request(numbers(0, 150), 10);
  salted.cache_salt = "tenant";
  EXPECT_EQ(e.answer(salted).finish.usage.cached_tokens, 0);
  EXPECT_EQ(e.answer(salted).finish.usage.cached_tokens, 149);
  auto fresh = prompt_request(numbers(0, 150), 10);
  fresh.use_prefix_cache = false;
  EXPECT_EQ(e.answer(fresh).finish.usage.cached_tokens, 0);
}

TEST(Engine, RequestsThatBeginAlikeComputeTheirBeginningOnce) {
  FakeEngine e(wander);
  const auto request = [](int first) {
    auto tokens = numbers(0, 300);
    for (const int32_t token : numbers(first, 20)) tokens.push_back(token);
    return prompt_request(tokens, 5);
  };
  std::vector<Answer> alone;
  for (int i = 0; i < 4; ++i) {
    alone.push_back(e.answer(request(400 + 50 * i)));
    e.engine->drop_cached_prefixes();
  }
  const int64_t rows = e.model->rows;
  e.model->step_time = std::chrono::milliseconds(50);
  auto other = e.engine->submit(prompt_request({1000}, 2));  // the four arrive while this one computes
  std::vector<Stream> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(std::move(*e.engine->submit(request(400 + 50 * i))));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(read_all(streams[i])[0].tokens, alone[i].tokens);
  EXPECT_LT(e.model->rows - rows, 320 + 3 * (64 + 20) + 5 * 5);  // whole pages are shared
}

TEST(Engine, ChoicesShareThePromptAndDiffer) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(5, 200), 12);
  request.sampling.temperature = 3.0;
  request.sampling.seed = 11;
  request.sampling.has_seed = true;
  const Answer single = e.answer(request);
  e.engine->drop_cached_prefixes();
  const int64_t rows = e.model->rows;
  request.choices = 4;
  auto stream = e.engine->submit(request);
  ASSERT_TRUE(stream);
  auto answers = read_all(*stream);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].tokens, single.tokens);
  for (int i = 1; i < 4; ++i) EXPECT_NE(answers[i].tokens, answers[0].tokens);
  for (const auto& [index, answer] : answers) EXPECT_EQ(answer.tokens.size(), 12u);
  EXPECT_LT(e.model->rows - rows, 200 + 3 * 64 + 4 * 12 + 1);  // whole pages are shared
}

TEST(Engine, SamplesNothingButAllowedTokensAndNoBadWords) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 20), 30);
  request.ignore_end = true;
  const Answer free = e.answer(request);
  request.allowed_tokens = {1040, 1050, 1060};
  for (const int32_t token : e.answer(request).tokens) EXPECT_TRUE(token % 10 == 0 && token <= 1060) << token;
  request.allowed_tokens.clear();
  request.bad_words = {{free.tokens[3]}, {free.tokens[0], free.tokens[1]}};
  const Answer other = e.answer(request);
  EXPECT_EQ(other.tokens[0], free.tokens[0]);  // the first half of a bad word is no bad word
  EXPECT_NE(other.tokens[1], free.tokens[1]);
  EXPECT_EQ(std::ranges::count(other.tokens, free.tokens[3]), 0);
}

TEST(Engine, TellsWhenTheRequestLeavesNoToken) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 20), 30);
  request.allowed_tokens = {kEnd};
  request.min_tokens = 1;
  const Finish finish = e.answer(request).finish;
  EXPECT_EQ(finish.reason, FinishReason::error);
  EXPECT_TRUE(finish.request_at_fault);
}

TEST(Engine, ComputesThePromptAloneWhenNoTokenIsAskedFor) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 150), 0);
  request.choices = 2;
  request.prompt_logprobs = 0;
  auto stream = e.engine->submit(request);
  ASSERT_TRUE(stream);
  auto answers = read_all(*stream);
  ASSERT_EQ(answers.size(), 2u);
  for (const auto& [index, answer] : answers) {
    EXPECT_TRUE(answer.tokens.empty());
    EXPECT_EQ(answer.finish.reason, FinishReason::length);
  }
  EXPECT_EQ(answers[0].prompt_logprobs.size(), 149u);  // computed apart from the cache: all logits are needed
  EXPECT_EQ(e.answer(prompt_request(numbers(0, 150), 0)).finish.usage.cached_tokens, 0);
  EXPECT_EQ(e.answer(prompt_request(numbers(0, 150), 0)).finish.usage.cached_tokens, 149);
  EXPECT_EQ(e.settled().pages_held, 0);
}

TEST(Engine, EndsAnAnswerThatTakesTooLongAtALineBreak) {
  const Tokenizer tokenizer = mini_tokenizer();
  const int32_t letter = tokenizer.encode("a")[0], line_break = tokenizer.encode("\n")[0];
  FakeEngine e([=](std::span<const int32_t> history) { return history.size() == 60 ? line_break : letter; });
  e.model->step_time = std::chrono::milliseconds(1);
  auto request = prompt_request(numbers(0, 10), 200);
  request.answer_timeout = std::chrono::milliseconds(1);
  const Answer answer = e.answer(request);
  EXPECT_EQ(answer.finish.reason, FinishReason::timeout);
  EXPECT_EQ(answer.tokens.size(), 51u);  // up to the line break, though time was over long before
}

TEST(Engine, StopStringsNeverShowEvenInPart) {
  const Tokenizer tokenizer = mini_tokenizer();
  const auto prompt = numbers(0, 9);
  for (const char* text : {"one two three STOP four", "ST STO STOSTOP x", "no such word ST"}) {
    FakeEngine e(recite(tokenizer.encode(text), prompt.size(), kEnd));
    auto request = prompt_request(prompt, 50);
    request.stop = {"STOP"};
    auto stream = e.engine->submit(request);
    ASSERT_TRUE(stream);
    std::string shown;
    Finish finish;
    while (auto event = stream->next()) {
      if (auto* delta = std::get_if<Delta>(&event->what)) shown += delta->content;
      if (auto* end = std::get_if<Finish>(&event->what)) finish = *end;
      const std::string whole = text;
      EXPECT_EQ(whole.rfind(shown, 0), 0u) << shown;
      EXPECT_LE(shown.size(), std::min(whole.find("STOP"), whole.size()));
    }
    const std::string whole = text;
    EXPECT_EQ(shown, whole.substr(0, whole.find("STOP")));
    EXPECT_EQ(finish.stop_string, whole.find("STOP") != std::string::npos ? "STOP" : "");
    EXPECT_EQ(finish.reason, FinishReason::stop);
  }
}

TEST(Engine, TellsThinkingContentAndCallsApart) {
  const Tokenizer t = mini_tokenizer();
  std::vector<int32_t> answer;
  const auto say = [&](const char* text) {
    for (const int32_t id : t.encode(text)) answer.push_back(id);
  };
  answer.push_back(*t.special_id("[THINK]"));
  say("hm");
  answer.push_back(*t.special_id("[/THINK]"));
  say("well");
  answer.push_back(*t.special_id("[TOOL_CALLS]"));
  say("add");
  answer.push_back(*t.special_id("[ARGS]"));
  say("{\"a\": 1}");
  const auto prompt = numbers(0, 5);
  FakeEngine e(recite(answer, prompt.size(), kEnd));
  const Answer got = e.answer(prompt_request(prompt, 100));
  EXPECT_EQ(got.reasoning, "hm");
  EXPECT_EQ(got.content, "well");
  ASSERT_EQ(got.calls.size(), 1u);
  EXPECT_EQ(got.calls[0].name, "add");
  EXPECT_EQ(got.calls[0].arguments, "{\"a\": 1}");
  EXPECT_EQ(got.finish.reason, FinishReason::tool_calls);
  EXPECT_GT(got.finish.usage.reasoning_tokens, 0);
}

// Which the parser only knows at the end of the reply, and not at all where it is cut off.
TEST(Engine, ACallWithoutArgumentsIsACall) {
  const Tokenizer t = mini_tokenizer();
  std::vector<int32_t> answer = {*t.special_id("[TOOL_CALLS]")};
  for (const int32_t id : t.encode("now")) answer.push_back(id);
  const auto prompt = numbers(0, 5);
  FakeEngine e(recite(answer, prompt.size(), kEnd));
  const Answer whole = e.answer(prompt_request(prompt, 100));
  ASSERT_EQ(whole.calls.size(), 1u);
  EXPECT_EQ(whole.calls[0].name, "now");
  EXPECT_EQ(whole.calls[0].arguments, "{}");
  EXPECT_EQ(whole.finish.reason, FinishReason::tool_calls);
  const Answer cut = e.answer(prompt_request(prompt, std::ssize(answer)));
  ASSERT_EQ(cut.calls.size(), 1u);
  EXPECT_EQ(cut.calls[0].arguments, "");
  EXPECT_EQ(cut.finish.reason, FinishReason::length);
}

TEST(Engine, ClosesThinkingWhenItsBudgetIsSpent) {
  const Tokenizer t = mini_tokenizer();
  const int32_t think = *t.special_id("[THINK]"), end_think = *t.special_id("[/THINK]");
  const auto prompt = numbers(0, 5);
  const auto brood = [=](std::span<const int32_t> history) {
    if (history.size() == 5) return think;
    return std::ranges::count(history, end_think) > 0 ? kEnd : 1100;
  };
  FakeEngine e(brood);
  auto request = prompt_request(prompt, 100);
  request.thinking_tokens = 7;
  const Answer got = e.answer(request);
  EXPECT_EQ(got.finish.usage.reasoning_tokens, 7);
  EXPECT_EQ(got.tokens.size(), 10u);  // the two markers, seven thoughts and the end
  EXPECT_EQ(got.finish.reason, FinishReason::stop);
}

TEST(Engine, ABudgetOfNoThoughtsClosesThinkingAtOnce) {
  const Tokenizer t = mini_tokenizer();
  const int32_t end_think = *t.special_id("[/THINK]");
  const auto brood = [=](std::span<const int32_t> history) {
    return std::ranges::count(history, end_think) > 0 ? kEnd : 1100;
  };
  FakeEngine e(brood);
  auto request = prompt_request(numbers(0, 5), 100);
  request.thinking_tokens = 0;
  request.inside_thinking = true;
  const Answer got = e.answer(request);
  EXPECT_EQ(got.tokens, (std::vector<int32_t>{end_think, kEnd}));
  EXPECT_EQ(got.finish.usage.reasoning_tokens, 0);
  request.format = ReplyFormat::text;  // nobody tells thoughts apart here
  request.max_tokens = 4;
  EXPECT_EQ(e.answer(request).tokens, std::vector<int32_t>(4, 1100));
}

TEST(Engine, AnswersDoNotStopBeforeTheirLeastLength) {
  const Tokenizer tokenizer = mini_tokenizer();
  const auto prompt = numbers(0, 9);
  const auto said = tokenizer.encode("a.b.c.d.e");
  FakeEngine e(recite(said, prompt.size(), kEnd));
  auto request = prompt_request(prompt, 50);
  request.stop = {"."};
  EXPECT_EQ(e.answer(request).content, "a");
  request.min_tokens = static_cast<int64_t>(tokenizer.encode("a.b.").size());
  EXPECT_EQ(e.answer(request).content, "a.b.c");
}

TEST(Engine, ChoicesShareAPromptThatIsSharedWithNobodyElse) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(5, 200), 4);
  request.choices = 4;
  request.use_prefix_cache = false;
  for (int round = 0; round < 2; ++round) {  // the second finds nothing of the first
    const int64_t rows = e.model->rows;
    auto stream = e.engine->submit(request);
    ASSERT_TRUE(stream);
    for (const auto& [index, answer] : read_all(*stream)) EXPECT_EQ(answer.finish.usage.cached_tokens, 0);
    EXPECT_GE(e.model->rows - rows, 200);
    EXPECT_LT(e.model->rows - rows, 200 + 3 * 64 + 4 * 4 + 1);
  }
  request.use_prefix_cache = true;
  request.prompt_logprobs = 0;
  const int64_t rows = e.model->rows;
  auto stream = e.engine->submit(request);
  ASSERT_TRUE(stream);
  auto answers = read_all(*stream);
  EXPECT_EQ(answers[0].prompt_logprobs.size(), 199u);
  EXPECT_LT(e.model->rows - rows, 200 + 3 * 64 + 4 * 4 + 1);
  EXPECT_EQ(e.settled().pages_held, 0);
}

TEST(Engine, LogProbabilitiesCoverEveryToken) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 100), 5);
  request.logprobs = 3;
  request.prompt_logprobs = 1;
  const Answer got = e.answer(request);
  ASSERT_EQ(got.logprobs.size(), 5u);
  ASSERT_EQ(got.prompt_logprobs.size(), 99u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(got.logprobs[i].chosen.token, got.tokens[i]);
    EXPECT_EQ(got.logprobs[i].top.size(), 3u);
    EXPECT_EQ(got.logprobs[i].top[0].token, got.tokens[i]);
  }
  for (size_t i = 0; i < 99; ++i) EXPECT_EQ(got.prompt_logprobs[i].chosen.token, request.prompt[i + 1]);
}

TEST(Engine, LengthsAndEndsAreKept) {
  const auto prompt = numbers(0, 4);
  const auto end_at_once = [](std::span<const int32_t>) { return kEnd; };
  FakeEngine e(end_at_once);
  auto request = prompt_request(prompt, 20);
  EXPECT_EQ(e.answer(request).tokens, std::vector<int32_t>{kEnd});
  request.min_tokens = 6;
  EXPECT_EQ(e.answer(request).tokens.size(), 7u);
  request.min_tokens = 0;
  request.ignore_end = true;
  const Answer full = e.answer(request);
  EXPECT_EQ(full.tokens.size(), 20u);
  EXPECT_EQ(full.finish.reason, FinishReason::length);
  request.max_tokens = -1;
  const Answer whole = e.answer(request);
  EXPECT_EQ(static_cast<int64_t>(whole.tokens.size() + prompt.size()), e.engine->info().context_tokens);
  EXPECT_EQ(whole.finish.reason, FinishReason::length);
}

TEST(Engine, TellsWhatTheModelRunsOn) {
  const FakeEngine e([](std::span<const int32_t>) { return kEnd; });
  EXPECT_EQ(e.engine->info().isa, "fake");
  EXPECT_EQ(e.engine->info().threads, 3);
}

class OnlyTokens final : public TokenMask {
 public:
  explicit OnlyTokens(std::vector<int32_t> allowed) : allowed_(std::move(allowed)) {}
  bool fill(std::span<uint32_t> bits) override {
    std::ranges::fill(bits, 0U);
    bits[static_cast<size_t>(allowed_[taken_]) / 32] |= 1U << (allowed_[taken_] % 32);
    return true;
  }
  bool accept(int32_t token) override { return token == allowed_[taken_++]; }
  bool finished() const override { return taken_ == allowed_.size(); }
  std::unique_ptr<TokenMask> clone() const override { return std::make_unique<OnlyTokens>(*this); }

 private:
  std::vector<int32_t> allowed_;
  size_t taken_ = 0;
};

TEST(Engine, MasksBindEveryChoice) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 70), 30);
  request.sampling.temperature = 5.0;
  request.choices = 3;
  request.mask = std::make_shared<OnlyTokens>(std::vector<int32_t>{1077, 1078, 1079});
  auto stream = e.engine->submit(request);
  ASSERT_TRUE(stream);
  for (const auto& [index, answer] : read_all(*stream)) {
    EXPECT_EQ(answer.tokens, (std::vector<int32_t>{1077, 1078, 1079}));
    EXPECT_EQ(answer.finish.reason, FinishReason::stop);
  }
}

// Allows all, after thinking longer each time.
class SlowMask final : public TokenMask {
 public:
  bool fill(std::span<uint32_t>) override {
    const double until_s = thread_cpu_seconds() + 0.1 * ++fills_;
    while (thread_cpu_seconds() < until_s) {
    }
    return false;
  }
  bool accept(int32_t) override { return true; }
  bool finished() const override { return false; }
  std::unique_ptr<TokenMask> clone() const override { return std::make_unique<SlowMask>(*this); }

 private:
  int fills_ = 0;
};

TEST(Engine, EndsAnAnswerWhoseMaskTakesTooLong) {
  FakeEngine e(wander);
  auto request = prompt_request(numbers(0, 20), 300);
  request.mask = std::make_shared<SlowMask>();
  const Answer answer = e.answer(request);
  EXPECT_EQ(answer.finish.reason, FinishReason::error);
  EXPECT_TRUE(answer.finish.request_at_fault);
  EXPECT_NE(answer.finish.error.find("too long to follow"), std::string::npos);
  EXPECT_LT(answer.tokens.size(), 10u);  // 0.1 + 0.2 + … seconds of computing
}

TEST(Engine, RefusesRequestsByField) {
  FakeEngine e(wander);
  const auto message = [&](void (*set)(GenerateRequest&)) {
    auto request = prompt_request(numbers(0, 4), 5);
    set(request);
    auto stream = e.engine->submit(std::move(request));
    return stream ? std::string("accepted")
                  : stream.error().message.substr(0, stream.error().message.find(':'));
  };
  EXPECT_EQ(message([](auto&) {}), "accepted");
  EXPECT_EQ(message([](auto& r) { r.prompt.clear(); }), "prompt");
  EXPECT_EQ(message([](auto& r) { r.prompt[1] = -4; }), "prompt");
  EXPECT_EQ(message([](auto& r) { r.prompt.assign(100000, 1000); }), "prompt");
  EXPECT_EQ(message([](auto& r) { r.max_tokens = -2; }), "max_tokens");
  EXPECT_EQ(message([](auto& r) { r.allowed_tokens = {999999}; }), "allowed_token_ids");
  EXPECT_EQ(message([](auto& r) { r.choices = 0; }), "n");
  EXPECT_EQ(message([](auto& r) { r.sampling.top_p = 7; }), "top_p");
  EXPECT_EQ(message([](auto& r) { r.stop_tokens = {999999}; }), "stop_token_ids");
  EXPECT_EQ(message([](auto& r) { r.pictures.emplace_back(); }), "pictures");
  EXPECT_EQ(message([](auto& r) { r.stop = {std::string(20000, 'x')}; }), "stop");
  EXPECT_EQ(message([](auto& r) { r.stop.resize(300, "x"); }), "stop");
  EXPECT_EQ(message([](auto& r) { r.sampling.logit_bias.resize(1 << 20); }), "logit_bias");
  EXPECT_EQ(message([](auto& r) { r.bad_words.resize(3, std::vector<int32_t>(50000, 7)); }), "bad_words");
}

}  // namespace
}  // namespace sirocco
