// SPDX-License-Identifier: Apache-2.0
// How EngineLoop ends a choice: its pages go back, its client hears why, the totals and the log hear of it too.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/engine_loop.h"

namespace sirocco {
namespace {

bool says_nothing(const Delta& delta) {
  return delta.tokens.empty() && delta.content.empty() && delta.reasoning.empty() && delta.tool_calls.empty() &&
         delta.prompt_logprobs.empty();
}

// What the client is told: why the choice ends, and what it took.
Finish completed(Finish result, const LiveRequest& live, const Choice& choice, double end_s) {
  const auto answer_tokens = static_cast<int64_t>(choice.answer.size());
  const auto prompt_tokens = static_cast<int64_t>(live.request.prompt.size());
  const double start_s = live.in_queue() ? end_s : live.started_s;
  result.usage = {prompt_tokens, live.cached_tokens, answer_tokens, choice.reply.reasoning_tokens()};
  result.timings = choice.timings;
  result.timings.queue_ms = 1e3 * (start_s - live.submitted_s);
  result.timings.prompt_ms = 1e3 * ((answer_tokens > 0 ? choice.first_token_s : end_s) - start_s);
  result.timings.predicted_ms = answer_tokens > 0 ? 1e3 * (choice.last_token_s - choice.first_token_s) : 0.0;
  result.timings.prompt_tokens = prompt_tokens - live.cached_tokens;
  result.timings.predicted_tokens = answer_tokens;
  result.logits_hash = choice.logits_hash;
  return result;
}

// A prompt counts once, with choice 0.
void count(EngineStats& totals, const LiveRequest& live, const Choice& choice, const Finish& result) {
  const Usage& usage = result.usage;
  ++totals.requests_finished[static_cast<int>(result.reason)];
  if (choice.index == 0) {
    totals.prompt_tokens += static_cast<uint64_t>(live.prompt_done_tokens);
    totals.cached_tokens += static_cast<uint64_t>(live.cached_tokens);
    totals.prompt_seconds += result.timings.prompt_ms / 1e3;
  }
  totals.predicted_tokens += static_cast<uint64_t>(usage.completion_tokens);
  totals.predicted_seconds += result.timings.predicted_ms / 1e3;
  totals.longest_sequence = std::max(totals.longest_sequence, usage.prompt_tokens + usage.completion_tokens);
}

std::string log_line(const LiveRequest& live, const Choice& choice, const Finish& result) {
  return fmt::format("request={} choice={} end={} prompt={} cached={} answer={} queue_ms={:.0f} "
                     "prompt_ms={:.0f} answer_ms={:.0f}{}{}",
                     live.request.id.empty() ? "-" : live.request.id, choice.index,
                     finish_reason_name(result.reason), result.usage.prompt_tokens, live.cached_tokens,
                     result.usage.completion_tokens, result.timings.queue_ms, result.timings.prompt_ms,
                     result.timings.predicted_ms, result.error.empty() ? "" : " error=", result.error);
}

}  // namespace

void EngineLoop::finish(const Owner& owner, Finish result, Delta delta) {
  LiveRequest& live = *owner.request;
  Choice& choice = owner.of();
  CHECK(!choice.finished);
  choice.finished = true;
  if (choice.scheduled) {
    scheduler_.finish(choice.sequence);
    owners_.erase(choice.sequence);
  }
  answering_.finish(live.request, choice, delta);
  if (!says_nothing(delta)) live.stream->add({choice.index, std::move(delta)});

  result = completed(std::move(result), live, choice, now_s());
  count(totals_, live, choice, result);
  if (options_.log) options_.log(LogLevel::info, log_line(live, choice, result));
  live.stream->add({choice.index, std::move(result)});
}

void EngineLoop::finish_all(LiveRequest& live, FinishReason reason, const std::string& error) {
  for (Choice& choice : live.choices)
    if (!choice.finished) finish({&live, choice.index}, {reason, {}, -1, error}, {});
}

void EngineLoop::forget_finished() {
  for (auto it = requests_.begin(); it != requests_.end();) {
    if (!(*it)->finished()) {
      ++it;
      continue;
    }
    if ((*it)->in_queue()) admission_.leave((*it)->queued_tokens);
    it = requests_.erase(it);
  }
}

}  // namespace sirocco
