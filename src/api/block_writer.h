// SPDX-License-Identifier: Apache-2.0
// BlockWriter: Anthropic and the Responses API stream an answer as numbered blocks that open, grow and close.
// This base turns deltas into that sequence; the surfaces spell it.
#pragma once

#include "api/generation.h"

namespace sirocco::api {

enum class BlockKind { none, thinking, text, call };

class BlockWriter : public ReplyWriter {
 public:
  std::string on_event(const Event& event, const Reply& so_far) final;

 protected:
  virtual void take(const Delta&) {}  // each one, before the blocks that it opens, grows and closes
  struct Block {
    BlockKind kind = BlockKind::none;
    int index = -1;         // among the blocks of the answer
    int call = -1;          // of a call: its index in ChoiceReply::tool_calls
    std::string text = {};  // so far
  };
  virtual std::string opened(const Block& block, const ChoiceReply& so_far) = 0;
  virtual std::string grew(const Block& block, const std::string& piece, const ChoiceReply& so_far) = 0;
  virtual std::string closed(const Block& block, const ChoiceReply& so_far) = 0;
  std::string close_block(const ChoiceReply& so_far);

 private:
  std::string enter(BlockKind kind, int call, const ChoiceReply& so_far);
  std::string grow(const std::string& piece, const ChoiceReply& so_far);
  Block block_;
};

}  // namespace sirocco::api
