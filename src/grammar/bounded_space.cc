// SPDX-License-Identifier: Apache-2.0
#include "grammar/bounded_space.h"

#include <fmt/format.h>

namespace sirocco {
namespace {

constexpr std::string_view kAnyWhitespace = "[ \\n\\r\\t]*";
constexpr std::string_view kNoEnd = ", -1}";    // how XGrammar prints a repetition without an end; it reads ",}"
constexpr std::string_view kLookahead = "(=(";  // to the end of its line

// Rule `name`0 takes one to kMostWhitespace characters, each next rule one fewer. None of them may take nothing: with
// rules that may, XGrammar 0.1.33 allowed what is no JSON.
std::string chain(std::string_view name) {
  std::string rules;
  for (int i = 0; i + 1 < kMostWhitespace; ++i)
    rules += fmt::format("{0}{1} ::= [ \\n\\r\\t] | [ \\n\\r\\t] {0}{2}\n", name, i, i + 1);
  return rules + fmt::format("{}{} ::= [ \\n\\r\\t]\n", name, kMostWhitespace - 1);
}

}  // namespace

std::string bound_whitespace(std::string_view grammar) {
  std::string name = "space";
  while (grammar.find(name) != std::string_view::npos) name += '_';
  const std::string perhaps = fmt::format("(\"\" | {}0)", name);
  std::string out;
  bool used = false, looks_ahead = false;
  char closing = 0;  // of the literal or the class that the scan is inside
  for (size_t i = 0; i < grammar.size(); ++i) {
    const char c = grammar[i];
    const std::string_view rest = grammar.substr(i);
    if (closing != 0) {
      out += c;
      if (c == '\\' && i + 1 < grammar.size())
        out += grammar[++i];
      else if (c == closing)
        closing = 0;
    } else if (rest.starts_with(kNoEnd)) {
      out += ",}";
      i += kNoEnd.size() - 1;
    } else if (!looks_ahead && rest.starts_with(kAnyWhitespace)) {
      out += perhaps;
      used = true;
      i += kAnyWhitespace.size() - 1;
    } else {
      if (c == '\n' || rest.starts_with(kLookahead)) looks_ahead = c != '\n';
      if (c == '"' || c == '[') closing = c == '"' ? '"' : ']';
      out += c;
    }
  }
  if (!used) return out;
  return out + (out.ends_with('\n') ? "" : "\n") + chain(name);
}

}  // namespace sirocco
