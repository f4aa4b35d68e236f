// SPDX-License-Identifier: Apache-2.0
// ReplyWriter: answer tokens one by one → what a client sees: content, thinking and tool calls told apart by
// the model's own markers, never half a character.
#pragma once

#include "sirocco/event.h"
#include "sirocco/request.h"
#include "text/detokenizer.h"

namespace sirocco {

class ReplyWriter {
 public:
  ReplyWriter(const Tokenizer& tokenizer, ReplyFormat format, bool inside_thinking, bool keep_special);

  void push(int32_t token, Delta& out);
  void finish(Delta& out);  // what is left of an unfinished character
  bool thinking() const { return part_ == Part::thinking; }
  int tool_calls() const { return calls_; }

 private:
  enum class Part { content, thinking, call_name, call_arguments };
  void enter(Part part, Delta& out);
  void write(Delta& out, std::string&& text);

  Detokenizer detokenizer_;
  bool markers_;  // ReplyFormat::chat: the tokens below change the part
  int32_t think_, end_think_, tool_calls_, arguments_, end_;
  Part part_;
  int calls_ = 0;
  std::string name_;  // of the call whose arguments have not begun
};

}  // namespace sirocco
