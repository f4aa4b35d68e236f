// SPDX-License-Identifier: Apache-2.0
// An engine around a FakeModel and the miniature's tokenizer, and readers of its streams.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "engine/loaded_engine.h"
#include "fake_model.h"

namespace sirocco {

inline Tokenizer mini_tokenizer() {
  auto tokenizer = Tokenizer::open(SIROCCO_SOURCE_DIR "/models/mini/tekken.json");
  if (!tokenizer) throw std::runtime_error(tokenizer.error().message);
  return std::move(*tokenizer);
}

struct Answer {
  std::vector<int32_t> tokens;
  std::string content, reasoning;
  std::vector<ToolCallDelta> calls;
  std::vector<PositionLogprobs> logprobs, prompt_logprobs;
  Finish finish;
  int finishes = 0;
};

inline std::map<int, Answer> read_all(Stream& stream) {
  std::map<int, Answer> answers;
  while (auto event = stream.next()) {
    Answer& a = answers[event->choice];
    if (auto* delta = std::get_if<Delta>(&event->what)) {
      a.tokens.insert(a.tokens.end(), delta->tokens.begin(), delta->tokens.end());
      a.content += delta->content;
      a.reasoning += delta->reasoning;
      for (const ToolCallDelta& call : delta->tool_calls) {
        if (a.calls.empty() || a.calls.back().index != call.index) a.calls.push_back({call.index, {}, {}});
        a.calls.back().name += call.name;
        a.calls.back().arguments += call.arguments;
      }
      a.logprobs.insert(a.logprobs.end(), delta->logprobs.begin(), delta->logprobs.end());
      a.prompt_logprobs.insert(a.prompt_logprobs.end(), delta->prompt_logprobs.begin(),
                               delta->prompt_logprobs.end());
    } else if (auto* finish = std::get_if<Finish>(&event->what)) {
      a.finish = *finish;
      ++a.finishes;
    }
  }
  return answers;
}

struct FakeEngine {
  explicit FakeEngine(FakeModel::Script script, EngineOptions options = small(), bool sees = false) {
    Tokenizer tokenizer = mini_tokenizer();
    auto owned = std::make_unique<FakeModel>(tokenizer.vocab_size(), std::move(script));
    model = owned.get();
    if (sees) owned->open_eyes();
    auto started = LoadedEngine::start(std::move(owned), std::move(tokenizer), {}, options);
    if (!started) throw std::runtime_error(started.error().message);
    engine = std::move(*started);
  }
  static EngineOptions small() {
    EngineOptions options;
    options.cache_bytes = 40 * Model::kPageTokens * 4;
    options.max_sequences = 8;
    options.max_batch_tokens = 48;
    return options;
  }
  Answer answer(GenerateRequest request) {
    auto stream = engine->submit(std::move(request));
    if (!stream) {
      ADD_FAILURE() << stream.error().message;
      return {};
    }
    return read_all(*stream)[0];
  }
  // Waits for the engine's thread to have settled its books.
  EngineStats settled() {
    EngineStats stats = engine->stats();
    for (int i = 0; i < 2000 && (stats.running > 0 || stats.waiting > 0 || stats.pages_held > 0); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      stats = engine->stats();
    }
    return stats;
  }

  FakeModel* model = nullptr;
  std::unique_ptr<Engine> engine;
};

// Says the tokens of `text`, one after the other, from the end of the prompt on; then ends.
inline FakeModel::Script recite(std::vector<int32_t> answer, size_t prompt_tokens, int32_t end) {
  return [=](std::span<const int32_t> history) {
    const size_t at = history.size() - prompt_tokens;
    return at < answer.size() ? answer[at] : end;
  };
}

}  // namespace sirocco
