// SPDX-License-Identifier: Apache-2.0
// A reply's token ids to its parts, as they come: thinking, content, tool calls. The parts are told apart by
// control tokens alone, so nothing that the model spells out can be mistaken for a marker.
//   [THINK]…[/THINK]   content   [TOOL_CALLS]name[ARGS]json [TOOL_CALLS]…   </s>
// Tokenizers up to v7 write all calls as one JSON list behind [TOOL_CALLS]; it is read when the reply ends.
// A call without a name is none, since nobody could answer it: its arguments are shown as content. Models leave [ARGS]
// out at times: a name ends at its first brace too. A call that ends without arguments has {}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sirocco/event.h"
#include "sirocco/request.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

namespace sirocco {

// What some tokens added. Texts are whole characters; concatenated, the deltas give the parts.
struct ReplyDelta {
  std::string content;
  std::string reasoning;
  std::vector<ToolCallDelta> tool_calls;  // of one index: the name first, then pieces of the arguments

  bool empty() const { return content.empty() && reasoning.empty() && tool_calls.empty(); }
};

struct ReplyParserOptions {
  ReplyFormat format = ReplyFormat::chat;
  bool inside_thinking = false;  // the prompt ended in an open thinking block
  bool keep_special = false;     // ReplyFormat::text: spell control tokens out
};

class ReplyParser {
 public:
  enum class Part { content, reasoning, call_name, call_id, call_arguments, call_list };

  // Borrows the tokenizer.
  explicit ReplyParser(const Tokenizer& tokenizer, const ReplyParserOptions& options = {});

  // Appends what this token adds to `out`. Tokens behind the end of a chat reply add nothing.
  void push(TokenId id, ReplyDelta& out);
  // The reply came to its end, as after push() of the end-of-text token: appends unfinished characters as U+FFFD and a
  // call that is still open.
  void end(ReplyDelta& out);
  // The same where it was cut off, unless it has ended: a call without arguments gets none.
  void finish(ReplyDelta& out);

  bool is_content(TokenId id) const;  // whether push(id) would add it to the content, at once or later
  bool ended() const { return ended_; }  // end(), or the end-of-text token
  Part part() const { return part_; }
  int tool_call_count() const { return calls_; }
  int64_t reasoning_tokens() const { return reasoning_tokens_; }  // markers not counted

 private:
  void enter(Part part, ReplyDelta& out);
  void push_marker(TokenId id, ReplyDelta& out);
  void emit(std::string text, ReplyDelta& out);
  void hold_name(std::string_view text, ReplyDelta& out);
  void name_call(ReplyDelta& out);
  void emit_call(std::string name, ReplyDelta& out);
  void emit_arguments(std::string text, ReplyDelta& out);
  void emit_call_list(ReplyDelta& out);

  const Tokenizer* tokenizer_;
  ReplyParserOptions options_;
  Detokenizer text_;
  TokenId think_, end_think_, tool_calls_, args_, call_id_;  // kNoToken where the vocabulary lacks one
  Part part_;
  std::string held_;  // a call's name, or the list of calls, until it is whole
  bool nameless_ = false;  // the call that was opened last
  bool bare_ = false;      // a call was named and has no arguments so far
  int calls_ = 0;
  int64_t reasoning_tokens_ = 0;
  bool ended_ = false;
};

}  // namespace sirocco
