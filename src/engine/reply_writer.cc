// SPDX-License-Identifier: Apache-2.0
#include "engine/reply_writer.h"

#include <utility>

namespace sirocco {

ReplyWriter::ReplyWriter(const Tokenizer& tokenizer, ReplyFormat format, bool inside_thinking,
                         bool keep_special)
    : detokenizer_(tokenizer, format == ReplyFormat::text && keep_special ? SpecialTokens::spell_out
                                                                          : SpecialTokens::skip),
      markers_(format == ReplyFormat::chat),
      think_(tokenizer.special_id("[THINK]").value_or(-1)),
      end_think_(tokenizer.special_id("[/THINK]").value_or(-1)),
      tool_calls_(tokenizer.special_id("[TOOL_CALLS]").value_or(-1)),
      arguments_(tokenizer.special_id("[ARGS]").value_or(-1)),
      end_(tokenizer.eos_id()),
      part_(markers_ && inside_thinking ? Part::thinking : Part::content) {}

void ReplyWriter::write(Delta& out, std::string&& text) {
  if (text.empty()) return;
  switch (part_) {
    case Part::content:
      out.content += text;
      break;
    case Part::thinking:
      out.reasoning += text;
      break;
    case Part::call_name:
      name_ += text;
      break;
    case Part::call_arguments:
      if (!out.tool_calls.empty() && out.tool_calls.back().index == calls_ - 1)
        out.tool_calls.back().arguments += text;
      else
        out.tool_calls.push_back({calls_ - 1, {}, std::move(text)});
      break;
  }
}

void ReplyWriter::enter(Part part, Delta& out) {
  std::string rest;
  detokenizer_.finish(rest);
  write(out, std::move(rest));
  if (part_ == Part::call_name && !name_.empty()) {  // the name is whole
    out.tool_calls.push_back({calls_++, std::exchange(name_, {}), {}});
  }
  name_.clear();
  part_ = part;
}

void ReplyWriter::push(int32_t token, Delta& out) {
  if (markers_) {
    if (token == end_) return enter(Part::content, out);
    if (token == think_) return enter(Part::thinking, out);
    if (token == end_think_) return enter(Part::content, out);
    if (token == tool_calls_) return enter(Part::call_name, out);
    if (token == arguments_ && part_ == Part::call_name) return enter(Part::call_arguments, out);
  }
  std::string text;
  detokenizer_.push(token, text);
  write(out, std::move(text));
}

void ReplyWriter::finish(Delta& out) {
  enter(Part::content, out);
}

}  // namespace sirocco
