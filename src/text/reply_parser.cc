// SPDX-License-Identifier: Apache-2.0
#include "text/reply_parser.h"

#include <algorithm>
#include <utility>

#include "text/python_json.h"

namespace sirocco {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

}  // namespace

ReplyParser::ReplyParser(const Tokenizer& tokenizer, const ReplyParserOptions& options)
    : tokenizer_(&tokenizer),
      options_(options),
      text_(tokenizer, options.keep_special ? SpecialTokens::spell_out : SpecialTokens::skip),
      part_(options.inside_thinking ? Part::reasoning : Part::content) {
  const auto id_of = [&](std::string_view name) { return tokenizer.special_id(name).value_or(kNoToken); };
  think_ = id_of("[THINK]");
  end_think_ = id_of("[/THINK]");
  tool_calls_ = id_of("[TOOL_CALLS]");
  args_ = id_of("[ARGS]");
  call_id_ = id_of("[CALL_ID]");
}

bool ReplyParser::is_content(TokenId id) const {
  if (options_.format == ReplyFormat::text) return true;
  if (ended_ || tokenizer_->is_special(id)) return false;
  if (part_ == Part::call_name)  // arguments of a call without a name
    return trimmed(held_).empty() && trimmed(tokenizer_->piece(id)).starts_with('{');
  return part_ == Part::content;
}

void ReplyParser::push(TokenId id, ReplyDelta& out) {
  if (options_.format == ReplyFormat::text) {
    if (id == tokenizer_->eos_id()) ended_ = true;
    text_.push(id, out.content);
    return;
  }
  if (ended_) return;
  if (tokenizer_->is_special(id)) return push_marker(id, out);
  if (part_ == Part::reasoning) ++reasoning_tokens_;
  std::string text;
  text_.push(id, text);
  emit(std::move(text), out);
}

void ReplyParser::push_marker(TokenId id, ReplyDelta& out) {
  if (id == tokenizer_->eos_id()) {
    end(out);
  } else if (id == think_) {
    enter(Part::reasoning, out);
  } else if (id == end_think_) {
    if (part_ == Part::reasoning) enter(Part::content, out);
  } else if (id == tool_calls_) {
    enter(tokenizer_->version() < TokenizerVersion::v11 ? Part::call_list : Part::call_name, out);
  } else if (id == call_id_ && part_ == Part::call_name) {
    enter(Part::call_id, out);
  } else if (id == args_ && (part_ == Part::call_name || part_ == Part::call_id)) {
    enter(Part::call_arguments, out);
    if (nameless_) part_ = Part::content;
  }
  // Any other control token has no place in a reply and is dropped.
}

// Ends the part at hand, which may hold text back, and begins another.
void ReplyParser::enter(Part part, ReplyDelta& out) {
  std::string rest;
  text_.finish(rest);
  emit(std::move(rest), out);
  if (part_ == Part::call_name)
    name_call(out);
  else if (part_ == Part::call_list)
    emit_call_list(out);
  const bool goes_on = part == Part::call_id || part == Part::call_arguments;
  if (bare_ && !goes_on) emit_arguments("{}", out);
  part_ = part;
}

// What is held is the name of a call.
void ReplyParser::name_call(ReplyDelta& out) {
  std::string name = trimmed(std::exchange(held_, {}));
  nameless_ = name.empty();
  if (nameless_) return;
  emit_call(std::move(name), out);
  bare_ = true;
}

// Arguments may follow their call's name without [ARGS]; no name of a tool has a brace.
void ReplyParser::hold_name(std::string_view text, ReplyDelta& out) {
  const size_t brace = std::min(text.find('{'), text.size());
  held_ += text.substr(0, brace);
  if (brace == text.size()) return;
  name_call(out);
  part_ = nameless_ ? Part::content : Part::call_arguments;
  emit(std::string(nameless_ ? text : text.substr(brace)), out);
}

void ReplyParser::emit(std::string text, ReplyDelta& out) {
  if (text.empty()) return;
  switch (part_) {
    case Part::content:
      out.content += text;
      break;
    case Part::reasoning:
      out.reasoning += text;
      break;
    case Part::call_id:
      break;  // callers get ids of their own
    case Part::call_name:
      hold_name(text, out);
      break;
    case Part::call_list:
      held_ += text;
      break;
    case Part::call_arguments:
      emit_arguments(std::move(text), out);
      break;
  }
}

void ReplyParser::emit_arguments(std::string text, ReplyDelta& out) {
  if (text.find_first_not_of(kBlanks) != std::string::npos) bare_ = false;
  if (!out.tool_calls.empty() && out.tool_calls.back().index == calls_ - 1)
    out.tool_calls.back().arguments += text;
  else
    out.tool_calls.push_back({calls_ - 1, "", std::move(text)});
}

void ReplyParser::emit_call(std::string name, ReplyDelta& out) {
  out.tool_calls.push_back({calls_++, std::move(name), ""});
}

// Up to v7: [{"name": …, "arguments": {…}, "id": …}]. What is no such list is shown as content.
void ReplyParser::emit_call_list(ReplyDelta& out) {
  std::string text;
  std::swap(text, held_);
  const auto list = parse_python_json(text, "tool calls");
  bool sound = list && list->is_array() && !list->items.empty();
  if (sound)
    for (const PythonJson& call : list->items) {
      const PythonJson* name = call.find("name");
      sound = sound && name && name->is_string() && !trimmed(name->text).empty();
    }
  if (!sound) {
    out.content += text;
    return;
  }
  for (const PythonJson& call : list->items) {
    emit_call(trimmed(call.find("name")->text), out);
    const PythonJson* arguments = call.find("arguments");
    out.tool_calls.back().arguments = arguments ? dump_python_json(*arguments) : "{}";
  }
}

void ReplyParser::end(ReplyDelta& out) {
  if (ended_) return;
  if (options_.format == ReplyFormat::text)
    text_.finish(out.content);
  else
    enter(Part::content, out);
  ended_ = true;
}

void ReplyParser::finish(ReplyDelta& out) {
  if (options_.format == ReplyFormat::text) return text_.finish(out.content);
  if (ended_) return;
  if (part_ == Part::call_name) enter(Part::call_arguments, out);
  bare_ = false;  // what was cut off may have had arguments
  enter(Part::content, out);
}

}  // namespace sirocco
