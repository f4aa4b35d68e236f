// SPDX-License-Identifier: Apache-2.0
// Clients that leave, wait too long, read slowly or not at all, and engines that end under them.
#include <gtest/gtest.h>

#include <random>

#include "engine/stop_matcher.h"
#include "engine_fixture.h"

namespace sirocco {
namespace {

int32_t forever(std::span<const int32_t>) {
  return 1100;
}

GenerateRequest long_request(int prompt_tokens = 30) {
  GenerateRequest request;
  request.prompt.assign(static_cast<size_t>(prompt_tokens), 1050);
  request.sampling.temperature = 0.0;
  return request;
}

TEST(Streams, LeavingFreesEverything) {
  FakeEngine e(forever);
  e.model->step_time = std::chrono::microseconds(500);
  {
    auto running = e.engine->submit(long_request());
    auto another = e.engine->submit(long_request(900));
    ASSERT_TRUE(running && another);
    ASSERT_TRUE(running->next());
  }  // both readers leave
  const EngineStats stats = e.settled();
  EXPECT_EQ(stats.pages_held, 0);
  EXPECT_EQ(stats.requests_finished[static_cast<int>(FinishReason::cancelled)], 2u);
  const int64_t steps = e.model->steps;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(e.model->steps, steps);  // nobody computes for them any more
}

TEST(Streams, CancelIsAnsweredWithAFinish) {
  FakeEngine e(forever);
  e.model->step_time = std::chrono::microseconds(500);
  auto stream = e.engine->submit(long_request());
  ASSERT_TRUE(stream->next());
  stream->cancel();
  EXPECT_EQ(read_all(*stream)[0].finish.reason, FinishReason::cancelled);
  EXPECT_TRUE(stream->ended());
}

TEST(Streams, TheEngineEndsThemAll) {
  std::vector<Stream> streams;
  {
    FakeEngine e(forever);
    e.model->step_time = std::chrono::microseconds(500);
    for (int i = 0; i < 20; ++i) streams.push_back(std::move(*e.engine->submit(long_request())));
  }
  for (Stream& stream : streams) {
    const Answer answer = read_all(stream)[0];
    EXPECT_EQ(answer.finish.reason, FinishReason::cancelled);
    EXPECT_EQ(answer.finishes, 1);
  }
}

TEST(Streams, DeadlinesEndRunningAndWaitingRequests) {
  EngineOptions options = FakeEngine::small();
  options.max_sequences = 1;
  FakeEngine e(forever, options);
  e.model->step_time = std::chrono::microseconds(1000);
  auto request = long_request();
  request.timeout = std::chrono::milliseconds(30);
  auto running = e.engine->submit(request), waiting = e.engine->submit(request);
  EXPECT_EQ(read_all(*running)[0].finish.reason, FinishReason::timeout);
  EXPECT_EQ(read_all(*waiting)[0].finish.reason, FinishReason::timeout);
}

TEST(Streams, AFullQueueIsRefusedAtOnce) {
  EngineOptions options = FakeEngine::small();
  options.max_sequences = 1;
  options.max_queue_requests = 3;
  FakeEngine e(forever, options);
  e.model->step_time = std::chrono::microseconds(2000);
  std::vector<Stream> streams;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    auto stream = e.engine->submit(long_request());
    if (stream) {
      streams.push_back(std::move(*stream));
    } else {
      EXPECT_EQ(stream.error().kind, ErrorKind::resource);
      ++refused;
    }
  }
  EXPECT_GE(refused, 6);
}

TEST(Streams, ASlowReaderGetsOneMergedDelta) {
  FakeEngine e(forever);
  auto request = long_request();
  request.max_tokens = 200;
  auto stream = e.engine->submit(request);
  e.settled();
  auto first = stream->try_next(), second = stream->try_next();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(std::get<Delta>(first->what).tokens.size(), 200u);
  EXPECT_TRUE(std::holds_alternative<Finish>(second->what));
  EXPECT_FALSE(stream->try_next());
  EXPECT_TRUE(stream->ended());
}

TEST(Streams, ReadyWakesAnAsynchronousReader) {
  FakeEngine e(forever);
  auto request = long_request();
  request.max_tokens = 50;
  request.report_progress = true;
  auto stream = e.engine->submit(request);
  std::atomic<int> wakes = 0;
  stream->on_ready([&] { ++wakes; });
  size_t tokens = 0, progress = 0;
  for (int turn = 0; turn < 5000 && !stream->ended(); ++turn) {
    if (wakes.exchange(0) == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    while (auto event = stream->try_next()) {
      if (auto* delta = std::get_if<Delta>(&event->what)) tokens += delta->tokens.size();
      progress += std::holds_alternative<PromptProgress>(event->what) ? 1 : 0;
    }
  }
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(tokens, 50u);
  EXPECT_GE(progress, 1u);
}

TEST(Streams, OneThatIsReplacedCallsNobody) {
  FakeEngine e(forever);
  Stream stream = *e.engine->submit(long_request());
  auto wakes = std::make_unique<std::atomic<int>>(0);
  stream.on_ready([&wakes] { ++*wakes; });
  stream = *e.engine->submit(long_request());
  wakes.reset();  // the engine still ends the first, and would call here
  stream = Stream();
  EXPECT_EQ(e.settled().pages_held, 0);
}

TEST(Streams, TwoEnginesInOneProcess) {
  FakeEngine a(forever), b([](std::span<const int32_t>) { return 1101; });
  auto request = long_request();
  request.max_tokens = 40;
  auto first = a.engine->submit(request), second = b.engine->submit(request);
  EXPECT_EQ(read_all(*first)[0].tokens, std::vector<int32_t>(40, 1100));
  EXPECT_EQ(read_all(*second)[0].tokens, std::vector<int32_t>(40, 1101));
}

TEST(StopMatcher, IsIndifferentToHowTextIsCut) {
  const std::string text = "aabababcXYZabcabd";
  for (const bool include : {false, true})
    for (size_t cut = 0; cut <= text.size(); ++cut)
      for (size_t second = cut; second <= text.size(); ++second) {
        StopMatcher matcher({"abc", "bab!", ""}, include);
        std::string out;
        matcher.push(text.substr(0, cut), out);
        matcher.push(text.substr(cut, second - cut), out);
        matcher.push(text.substr(second), out);
        matcher.flush(out);
        EXPECT_EQ(out, include ? "aabababc" : "aabab");
        EXPECT_EQ(matcher.matched(), "abc");
      }
}

// Random texts over few letters, cut at random, against a search for every string in all that was said so far.
TEST(StopMatcher, AgreesWithASearch) {
  std::mt19937 random(5);
  const auto word = [&](size_t longest) {
    std::string text(1 + random() % longest, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 2);
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> stops;
    for (size_t i = 0; i < 1 + random() % 4; ++i) stops.push_back(word(6));
    const std::string text = word(40);
    size_t end = text.size() + 1, begin = 0;  // of the first to end, of those the longest
    std::string expected;
    for (const std::string& stop : stops)
      if (const size_t at = text.find(stop); at != std::string::npos)
        if (at + stop.size() < end || (at + stop.size() == end && at < begin)) {
          end = at + stop.size();
          begin = at;
          expected = stop;
        }
    StopMatcher matcher(stops, false);
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t piece = 1 + random() % 7;
      const std::string before = out;
      matcher.push(std::string_view(text).substr(at, piece), out);
      at += piece;
      EXPECT_TRUE(out.starts_with(before));
      EXPECT_LE(out.size(), expected.empty() ? text.size() : begin);
    }
    matcher.flush(out);
    EXPECT_EQ(matcher.matched(), expected);
    EXPECT_EQ(out, expected.empty() ? text : text.substr(0, begin));
  }
}

TEST(StopMatcher, BeginsAnewBehindAFlush) {
  StopMatcher matcher({"abc"}, false);
  std::string out;
  EXPECT_FALSE(matcher.push("xab", out));
  EXPECT_EQ(out, "x");
  matcher.flush(out);  // a tool call comes between
  EXPECT_EQ(out, "xab");
  EXPECT_FALSE(matcher.push("c", out));
  EXPECT_EQ(out, "xabc");
  EXPECT_TRUE(matcher.push("-abc!", out));
  EXPECT_EQ(out, "xabc-");
}

TEST(StopMatcher, LongStringsCostNoMoreThanShortOnes) {
  // Each agrees with the text up to its last letter: a search of all that is held would take some 10^11 steps.
  std::vector<std::string> stops;
  for (int i = 0; i < 64; ++i) stops.push_back(std::string(16000, '*') + static_cast<char>('0' + i));
  StopMatcher matcher(stops, false);
  std::string out;
  for (int i = 0; i < 1000; ++i) matcher.push(std::string(64, '*'), out);
  EXPECT_EQ(out.size(), 64000u - 16000u);
}

}  // namespace
}  // namespace sirocco
