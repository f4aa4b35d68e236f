// SPDX-License-Identifier: Apache-2.0
// From a row of logits to what the client sees: pick a token under the choice's constraints, take it, and say
// whether the choice is over. Knows nothing of pages, steps or threads.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/live_request.h"

namespace sirocco {

class Answering {
 public:
  Answering(const Tokenizer& tokenizer, int64_t context_tokens);

  // Takes the next token of `choice` from `logits` and adds what it says to `out`. Why the choice ends, if it does.
  std::optional<Finish> take_token(const LiveRequest& request, Choice& choice, std::span<const float> logits,
                                   Delta& out) const;
  // Adds what the choice still holds back.
  void finish(const GenerateRequest& request, Choice& choice, Delta& out) const;

 private:
  std::optional<Finish> try_token(const LiveRequest& request, Choice& choice, std::span<const float> logits,
                                  Delta& out) const;
  std::vector<uint32_t> allowed_tokens(const GenerateRequest& request, Choice& choice, size_t vocabulary) const;
  std::optional<int32_t> pick(const GenerateRequest& request, Choice& choice,
                              std::span<const float> logits) const;
  bool must_stop_thinking(const GenerateRequest& request, const Choice& choice) const;
  void say(const GenerateRequest& request, Choice& choice, ReplyDelta&& said, Delta& out) const;
  std::optional<Finish> ending_after(const LiveRequest& request, const Choice& choice, int32_t token) const;

  int64_t context_tokens_;
  int32_t end_, think_, end_think_;
};

}  // namespace sirocco
