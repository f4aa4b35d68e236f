// SPDX-License-Identifier: Apache-2.0
// Token ids to text as they come: never emits part of a character, whatever the ids are.
#pragma once

#include <string>

#include "text/tokenizer.h"

namespace sirocco {

// Borrows the tokenizer. What push() and finish() append together is Tokenizer::decode() of all ids.
class Detokenizer {
 public:
  explicit Detokenizer(const Tokenizer& tokenizer, SpecialTokens special = SpecialTokens::skip)
      : tokenizer_(&tokenizer), special_(special) {}

  // Appends the text that this token completes to `out`.
  void push(TokenId id, std::string& out);
  // Appends what is left, an unfinished character as U+FFFD, and starts anew.
  void finish(std::string& out);
  bool has_pending() const { return !pending_.empty(); }

 private:
  const Tokenizer* tokenizer_;
  SpecialTokens special_;
  std::string pending_;  // at most three bytes of one character between calls
};

}  // namespace sirocco
