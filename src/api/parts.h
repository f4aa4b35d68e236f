// SPDX-License-Identifier: Apache-2.0
// JSON parts that several surfaces share: usage, timings, log-probabilities, streaming flags, model names.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/fields.h"
#include "api/generation.h"
#include "api/reply.h"

namespace sirocco::api {

struct StreamFlags {
  bool stream = false;
  bool include_usage = false;     // one more chunk with usage at the end
  bool continuous_usage = false;  // usage on every chunk
  bool timings_per_token = false;
  bool return_progress = false;
  bool return_token_ids = false;
  bool tokens_as_ids = false;  // log-probabilities name tokens "token_id:7", not by their text
  std::chrono::milliseconds ping_interval{-1};
  int slot = -1;
};
StreamFlags read_stream_flags(Fields& fields);
// A plan that answers as they say; its requests and its writer are still to be set.
GenerationPlan plan_of(std::optional<Constraint> constraint, const StreamFlags& flags);

// The name to answer with; an error with --strict-model for any other.
ApiResult<std::string> read_model(Call& call, Fields& fields);

Json usage_json(const Usage& usage);
Json timings_json(const Reply& reply, size_t choice);  // running or ended
Json timings_json(const Reply& reply);                 // of the first choice that has ended
// Usage and timings of a choice so far, where the client wants them on every chunk. vLLM counts a choice's tokens
// alone there, too.
void add_counts(Json& chunk, const StreamFlags& flags, const Reply& so_far, size_t choice);
Json progress_json(const PromptProgress& progress);

// What the surface calls finish_reason: a time-out reads as "length", as no client knows the word.
const char* openai_finish(FinishReason reason);
Json stop_reason_json(const Finish& finish);  // vLLM's: the string or token that ended it, or null

size_t characters(std::string_view text);  // code points that begin in it

std::string token_name(const Engine& engine, int32_t token, bool as_id);  // its text, or "token_id:7"
// Log-probabilities in the shapes of chat, completions and llama-server.
Json chat_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions, bool as_ids = false);
// Completions have offsets, in characters: `text_offset` is that of the first, and then of what follows.
Json completion_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions,
                         size_t& text_offset, bool as_ids = false);
Json native_logprobs(const Engine& engine, const std::vector<PositionLogprobs>& positions, bool as_ids = false);
// vLLM's prompt_logprobs: null for the first token, then {id: {logprob, rank, decoded_token}}.
Json prompt_logprobs_json(const Engine& engine, const std::vector<PositionLogprobs>& positions);

int64_t now_s();

}  // namespace sirocco::api
