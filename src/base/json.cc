// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

#include "base/printable.h"

namespace sirocco {
namespace {

// Depth of nesting outside of strings; stops counting at the cap.
bool deeper_than(std::string_view text, int cap) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > cap) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where) {
  if (deeper_than(text, kMaxJsonDepth))
    return bad_input(fmt::format("{}: JSON nests deeper than {} levels", where, kMaxJsonDepth));
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& e) {
    return bad_input(fmt::format("{}: invalid JSON: {}", where, printable(e.what(), 200)));
  }
}

}  // namespace sirocco
