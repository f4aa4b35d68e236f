// SPDX-License-Identifier: Apache-2.0
#include "grammar/harden_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "grammar/schema_check.h"

namespace sirocco {
namespace {

constexpr std::string_view kUnsafe = R"(\x00-\x1f"\\)";  // inside a class: what must be escaped in JSON
constexpr std::string_view kAny = R"([^\x00-\x1f"\\])";

class PatternHardener {
 public:
  explicit PatternHardener(std::string_view pattern) : rest_(pattern) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      const char c = rest_[0];
      if (c == '\\') {
        if (!escape()) return refuse();
      } else if (c == '[') {
        if (!character_class()) return refuse();
      } else if (c == '"' || static_cast<unsigned char>(c) < 0x20 || looks_around()) {
        return refuse();
      } else {
        out_ += c == '.' ? std::string(kAny) : std::string(1, c);
        rest_.remove_prefix(1);
      }
    }
    return out_;
  }

 private:
  static tl::unexpected<Error> refuse() {
    return bad_input(
        "pattern: quotes, backslashes, control characters, look-around, flags and references back cannot be enforced "
        "inside a string");
  }

  // "(?…" but for groups: "(?:" and "(?<name>".
  bool looks_around() const {
    if (!rest_.starts_with("(?") || rest_.starts_with("(?:")) return false;
    const char name = rest_.size() > 3 && rest_[2] == '<' ? rest_[3] : '=';
    return !((name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z') || name == '_');
  }

  bool escape() {
    if (rest_.size() < 2) return false;
    const char c = rest_[1];
    if (std::string_view("\\nrtfvsbBcx0pPk123456789").find(c) != std::string_view::npos) {
      if (c != 's') return false;
      out_ += ' ';  // of white space only the plain space needs no escape
    } else if (c == 'S') {
      out_ += fmt::format("[^{} ]", kUnsafe);
    } else if (c == 'D') {
      out_ += fmt::format("[^{}0-9]", kUnsafe);
    } else if (c == 'W') {
      out_ += fmt::format("[^{}a-zA-Z0-9_]", kUnsafe);
    } else {
      out_ += rest_.substr(0, 2);
    }
    rest_.remove_prefix(2);
    return true;
  }

  // [^…] gets the unsafe characters added; […] must not reach them.
  bool character_class() {
    size_t end = 1;
    while (end < rest_.size() && (rest_[end] != ']' || end == 1)) end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) return false;
    std::string_view body = rest_.substr(1, end - 1);
    const bool negated = body.starts_with('^');
    if (negated) body.remove_prefix(1);
    if (!negated && reaches_unsafe(body)) return false;
    out_ += negated ? fmt::format("[^{}{}]", kUnsafe, body) : fmt::format("[{}]", body);
    rest_.remove_prefix(end + 1);
    return true;
  }

  static bool reaches_unsafe(std::string_view body) {
    for (size_t i = 0; i < body.size(); ++i) {
      const auto c = static_cast<unsigned char>(body[i]);
      if (c < 0x20 || c == '"') return true;
      if (c == '\\') {
        const char kind = i + 1 < body.size() ? body[i + 1] : '\\';
        if (std::string_view("dw.-]^[/+*?()|{}$").find(kind) == std::string_view::npos) return true;
        ++i;
        continue;
      }
      if (i + 2 >= body.size() || body[i + 1] != '-') continue;  // a range: low - high
      const auto high = static_cast<unsigned char>(body[i + 2]);
      if ((c <= '"' && high >= '"') || (c <= '\\' && high >= '\\')) return true;
      i += 2;
    }
    return false;
  }

  std::string_view rest_;
  std::string out_;
};

// For repeats_too_deep: how deep {m,n} are nested in a pattern; kept for the open groups and for the item before.
class RepetitionDepth {
 public:
  int of(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      const char c = pattern[i];
      if (c == '\\') {
        ++i;
        item_ = 0;
      } else if (c == '[') {
        while (i + 1 < pattern.size() && pattern[i + 1] != ']') i += pattern[i + 1] == '\\' ? 2 : 1;
        item_ = 0;
      } else if (c == '(') {
        groups_.push_back(0);
      } else if (c == ')') {
        item_ = groups_.back();
        if (groups_.size() > 1) groups_.pop_back();
      } else if (const size_t end = pattern.find('}', i); c == '{' && end != std::string_view::npos) {
        item_ += varies(pattern.substr(i + 1, end - i - 1)) ? 1 : 0;
        i = end;
      } else if (c != '*' && c != '+' && c != '?') {
        item_ = 0;
      }
      groups_.back() = std::max(groups_.back(), item_);
      deepest_ = std::max(deepest_, item_);
    }
    return deepest_;
  }

 private:
  static bool varies(std::string_view body) {  // {m,n}, unless m = n
    const size_t comma = body.find(',');
    return comma != std::string_view::npos && body.substr(0, comma) != body.substr(comma + 1);
  }

  std::vector<int> groups_{0};
  int item_ = 0, deepest_ = 0;
};

std::optional<uint64_t> length_of(const Json& schema, const char* key) {
  const auto it = schema.find(key);
  if (it == schema.end() || !it->is_number_unsigned()) return std::nullopt;
  return it->get<uint64_t>();
}

Result<void> harden(Json& schema, UnsafePattern unsafe);

Result<void> harden_object(Json& schema, UnsafePattern unsafe) {
  if (const auto pattern = schema.find("pattern"); pattern != schema.end() && pattern->is_string()) {
    auto hard = harden_pattern(pattern->get_ref<const std::string&>());
    if (hard)
      *pattern = *std::move(hard);
    else if (unsafe == UnsafePattern::leave_out)
      schema.erase(pattern);
    else
      return forward_error(hard);
  }
  // XGrammar takes an empty list of values for an empty text, which is no JSON. Nothing fits it: any value may stand.
  if (const auto values = schema.find("enum"); values != schema.end() && values->is_array() && values->empty())
    schema.erase(values);
  // Without `items` any will do; XGrammar takes it so only where their number is free.
  if ((schema.contains("minItems") || schema.contains("maxItems")) && !schema.contains("items") &&
      !schema.contains("prefixItems"))
    schema["items"] = true;
  if (!schema.contains("pattern") && !schema.contains("format")) {
    const auto least = length_of(schema, "minLength");
    const auto most = length_of(schema, "maxLength");
    if ((least || most) && schema.value("type", Json("string")) == "string") {
      schema["pattern"] =
          fmt::format("{}{{{},{}}}", kAny, least.value_or(0), most ? std::to_string(*most) : "");
      schema.erase("minLength");
      schema.erase("maxLength");
    }
  }
  // XGrammar keeps the names of `properties` apart from additional ones, but not beside patterns of names: there a
  // declared name could come with an additional property's value. So none are made.
  if (schema.contains("patternProperties") && schema.contains("additionalProperties"))
    schema["additionalProperties"] = false;
  if (const auto named = schema.find("patternProperties"); named != schema.end() && named->is_object()) {
    Json renamed = Json::object();
    for (const auto& [key, value] : named->items()) {
      auto hard = harden_pattern(key);
      if (!hard) return forward_error(hard);
      renamed[*hard] = value;
    }
    *named = std::move(renamed);
  }
  for (auto& [key, value] : schema.items()) {
    if (holds_values(key)) continue;
    if (names_schemas(key) && value.is_object()) {
      for (auto& [name, inner] : value.items())
        if (auto done = harden(inner, unsafe); !done) return done;
    } else if (auto done = harden(value, unsafe); !done) {
      return done;
    }
  }
  return {};
}

Result<void> harden(Json& schema, UnsafePattern unsafe) {
  if (schema.is_object()) return harden_object(schema, unsafe);
  if (!schema.is_array()) return {};
  for (Json& item : schema) {
    if (auto done = harden(item, unsafe); !done) return done;
  }
  return {};
}

}  // namespace

bool repeats_too_deep(std::string_view pattern) {
  constexpr int kDeepest = 2;
  return RepetitionDepth().of(pattern) > kDeepest;
}

Result<std::string> harden_pattern(std::string_view pattern) {
  if (repeats_too_deep(pattern))
    return bad_input("pattern: repetitions with two bounds may be nested twice, not more deeply");
  return PatternHardener(pattern).run();
}

Result<Json> harden_schema(const Json& schema, UnsafePattern unsafe) {
  Json copy = schema;
  if (auto done = harden(copy, unsafe); !done) return forward_error(done);
  return copy;
}

}  // namespace sirocco
