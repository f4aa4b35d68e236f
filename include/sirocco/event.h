// SPDX-License-Identifier: Apache-2.0
// What a Stream hands out: progress of the prompt, deltas of each choice, and one Finish per choice.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sirocco {

struct TokenLogprob {
  int32_t token = 0;
  float logprob = 0.0F;
};

struct PositionLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // most likely first
  int64_t chosen_rank = 1;        // 1: the most likely
  bool in_content = false;        // of a token that is content: no thinking, no call, no marker
};

struct PromptProgress {
  int64_t total_tokens = 0;
  int64_t cached_tokens = 0;  // taken from the prefix cache
  int64_t done_tokens = 0;    // cached ones included
  double elapsed_ms = 0.0;
};

struct ToolCallDelta {
  int index = 0;          // of the call within the reply
  std::string name;       // whole, in the first delta of a call; empty in later ones
  std::string arguments;  // a piece of JSON text
};

// What was added to one choice since its last delta. Deltas of a slow reader are merged, not queued.
struct Delta {
  std::vector<int32_t> tokens;
  std::string content;
  std::string reasoning;
  std::vector<ToolCallDelta> tool_calls;
  std::vector<PositionLogprobs> logprobs;         // one a token when asked for
  std::vector<PositionLogprobs> prompt_logprobs;  // once, in the first delta of choice 0
};

enum class FinishReason { stop, length, tool_calls, timeout, cancelled, error };
const char* finish_reason_name(FinishReason reason);

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;
};

struct Timings {
  double queue_ms = 0.0;
  double prompt_ms = 0.0;     // from the first to the last prompt step
  double predicted_ms = 0.0;  // from the first token on
  int64_t prompt_tokens = 0;  // computed, not cached
  int64_t predicted_tokens = 0;
  uint64_t prompt_bytes = 0;  // weights and cache read by the steps of the prompt
  uint64_t predicted_bytes = 0;
  int preemptions = 0;
};

// How fast that was; 0 where nothing was timed. The first token comes with the prompt and starts the clock of the
// answer: an answer's speed is that of its other tokens.
struct Speed {
  double tokens_per_second = 0.0;
  double ms_per_token = 0.0;
};
Speed prompt_speed(const Timings& timings);
Speed predicted_speed(const Timings& timings);

struct Finish {
  FinishReason reason = FinishReason::stop;
  std::string stop_string;  // that ended it, if one did
  int32_t stop_token = -1;  // that ended it, if one did
  std::string error;        // one line, for FinishReason::error
  // That error is the request's own: its constraints left no token to sample, or take too long to follow.
  bool request_at_fault = false;
  Usage usage = {};
  Timings timings = {};
  uint64_t logits_hash = 0;  // of the row that the last token came from: a change of behaviour is seen by eye
};

struct Event {
  int choice = 0;
  std::variant<PromptProgress, Delta, Finish> what;
};

}  // namespace sirocco
