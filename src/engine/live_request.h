// SPDX-License-Identifier: Apache-2.0
// LiveRequest: a submitted request and its choices while they wait or run. Owned by the engine's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/stop_matcher.h"
#include "engine/stream_state.h"
#include "picture/content_hash.h"
#include "sample/sampler.h"
#include "sched/sequence.h"
#include "sirocco/request.h"
#include "text/reply_parser.h"

namespace sirocco {

// One of the n answers of a request: a sequence of the scheduler once it has begun.
struct Choice {
  // The request outlives it. What takes memory or time waits for begin(): most of a crowd's choices wait long.
  Choice(const GenerateRequest& request, const Tokenizer& tokenizer, int index);
  void begin(const GenerateRequest& request);  // before the first token

  int index;
  SequenceId sequence = 0;
  bool scheduled = false;  // known to the scheduler
  bool finished = false;
  std::vector<int32_t> answer;  // tokens taken so far
  Sampler sampler;
  std::unique_ptr<TokenMask> mask;
  double mask_s = 0.0;  // that it has taken
  ReplyParser reply;
  StopMatcher stops;
  bool broke_line = false;  // the answer has a line break
  double first_token_s = 0.0, last_token_s = 0.0;
  Timings timings;
  uint64_t logits_hash = 0;
};

struct LiveRequest {
  GenerateRequest request;
  std::shared_ptr<StreamState> stream;
  double submitted_s = 0.0;
  double started_s = 0.0;  // left the queue; 0: still in it
  int64_t queued_tokens = 0;
  std::vector<CacheKey> prompt_keys;  // one a prompt token
  bool shares_pages = true;           // its choices with one another, at least
  int64_t cached_tokens = 0;
  int64_t prompt_done_tokens = 0;  // furthest that the prompt was computed
  std::vector<PositionLogprobs> prompt_logprobs;
  std::vector<Choice> choices;

  bool in_queue() const { return started_s == 0.0; }
  bool finished() const;
  int32_t token_at(const Choice& choice, int64_t position) const;
};

// Keys for the prefix tree: token ids, or what `picture_key` makes of the content hash where a picture stands in for
// them.
std::vector<CacheKey> session_keys(const Session& session, const KeyedHash& picture_key);
// Those of the prompt, the first one salted so that requests with different salts share nothing. `nonce`: not 0 for a
// request whose choices share pages, but with no other request.
std::vector<CacheKey> prompt_keys(const GenerateRequest& request, const KeyedHash& picture_key, uint64_t nonce);

}  // namespace sirocco
