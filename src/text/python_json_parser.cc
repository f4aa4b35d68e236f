// SPDX-License-Identifier: Apache-2.0
// json.loads: the grammar of CPython's scanner, including NaN, Infinity and -Infinity and its refusal of
// control characters in strings. Recursion is bounded by kMaxPythonJsonDepth.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>

#include "text/python_json.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

constexpr size_t kLinearKeys = 16;  // objects up to this many keys look for duplicates by scanning

class Parser {
 public:
  Parser(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  Result<PythonJson> document() {
    PythonJson value;
    skip_space();
    if (!parse_value(value, 0)) return tl::unexpected<Error>(error_);
    skip_space();
    if (at_ != text_.size()) {
      refuse("extra text behind the value");
      return tl::unexpected<Error>(error_);
    }
    return value;
  }

 private:
  bool refuse(std::string_view what, ErrorKind kind = ErrorKind::bad_input) {
    error_ = {kind, fmt::format("{}: JSON at byte {}: {}", where_, at_, what)};
    return false;
  }
  bool done() const { return at_ >= text_.size(); }
  char here() const { return done() ? '\0' : text_[at_]; }
  void skip_space() {
    while (!done() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool parse_value(PythonJson& value, int depth) {
    switch (here()) {
      case '{':
      case '[':
        if (depth >= kMaxPythonJsonDepth)
          return refuse(fmt::format("nests deeper than {} levels", kMaxPythonJsonDepth),
                        ErrorKind::unsupported);
        return here() == '{' ? parse_object(value, depth) : parse_array(value, depth);
      case '"':
        value.kind = PythonJson::Kind::string;
        return parse_string(value.text);
      case 't':
      case 'f':
        value.kind = PythonJson::Kind::boolean;
        value.boolean = here() == 't';
        return take("true") || take("false") || refuse("expected a value");
      case 'n':
        return take("null") || refuse("expected a value");
      default:
        return parse_number(value);
    }
  }

  bool parse_array(PythonJson& value, int depth) {
    value.kind = PythonJson::Kind::array;
    ++at_;
    skip_space();
    if (here() == ']' && !done()) return ++at_, true;
    while (true) {
      if (!parse_value(value.items.emplace_back(), depth + 1)) return false;
      skip_space();
      if (take("]")) return true;
      if (!take(",")) return refuse("expected ',' or ']'");
      skip_space();
    }
  }

  // Keeps a repeated key where it first stood, with the last value, as a Python dict does.
  static PythonJson& slot_of(PythonJson& object, std::string key,
                             std::unordered_map<std::string, size_t>& index) {
    if (object.keys.size() < kLinearKeys) {
      for (size_t i = 0; i < object.keys.size(); ++i)
        if (object.keys[i] == key) return object.items[i] = PythonJson{};
    } else {
      if (index.empty())
        for (size_t i = 0; i < object.keys.size(); ++i) index.emplace(object.keys[i], i);
      const auto [found, is_new] = index.emplace(key, object.keys.size());
      if (!is_new) return object.items[found->second] = PythonJson{};
    }
    object.keys.push_back(std::move(key));
    return object.items.emplace_back();
  }

  bool parse_object(PythonJson& value, int depth) {
    value.kind = PythonJson::Kind::object;
    std::unordered_map<std::string, size_t> index;
    ++at_;
    skip_space();
    if (here() == '}' && !done()) return ++at_, true;
    while (true) {
      if (here() != '"') return refuse("expected a key in double quotes");
      std::string key;
      if (!parse_string(key)) return false;
      skip_space();
      if (!take(":")) return refuse("expected ':'");
      skip_space();
      if (!parse_value(slot_of(value, std::move(key), index), depth + 1)) return false;
      skip_space();
      if (take("}")) return true;
      if (!take(",")) return refuse("expected ',' or '}'");
      skip_space();
    }
  }

  bool parse_string(std::string& out) {
    for (++at_; !done();) {
      const size_t plain = at_;
      while (!done() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20)
        ++at_;
      out.append(text_, plain, at_ - plain);
      if (done()) break;
      if (take("\"")) return true;
      if (text_[at_] != '\\') return refuse("control character in a string");
      ++at_;
      if (!parse_escape(out)) return false;
    }
    return refuse("unterminated string");
  }

  bool parse_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const size_t letter = done() ? std::string_view::npos : kLetters.find(text_[at_]);
    if (letter != std::string_view::npos) {
      out += kValues[letter];
      ++at_;
      return true;
    }
    uint32_t code = 0;
    if (!take("u") || !parse_hex4(code)) return refuse("invalid escape in a string");
    if (code >= 0xD800 && code < 0xDC00 && take("\\u")) {
      uint32_t low = 0;
      if (!parse_hex4(low)) return refuse("invalid escape in a string");
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(0x10000 + ((code - 0xD800) << 10 | (low - 0xDC00)), out);
        return true;
      }
    }
    if (code >= 0xD800 && code < 0xE000)
      return refuse("half of a surrogate pair in a string", ErrorKind::unsupported);
    append_utf8(code, out);
    return true;
  }

  bool parse_hex4(uint32_t& code) {
    if (text_.size() - at_ < 4) return false;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
    if (error != std::errc() || end != begin + 4) return false;
    at_ += 4;
    return true;
  }

  size_t skip_digits() {
    const size_t begin = at_;
    while (!done() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ - begin;
  }

  bool parse_number(PythonJson& value) {
    value.kind = PythonJson::Kind::real;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
      if (take(word)) return value.text = word, true;
    const size_t begin = at_;
    take("-");
    const bool leading_zero = here() == '0';
    const size_t digits = leading_zero ? (++at_, 1) : skip_digits();
    if (digits == 0) return at_ = begin, refuse("expected a value");
    const size_t end_of_integer = at_;
    bool is_real = false;
    if (take(".")) {
      if (skip_digits())
        is_real = true;
      else
        at_ = end_of_integer;
    }
    const size_t end_of_fraction = at_;
    if (here() == 'e' || here() == 'E') {
      ++at_;
      if (here() == '+' || here() == '-') ++at_;
      if (skip_digits())
        is_real = true;
      else
        at_ = end_of_fraction;
    }
    value.text = text_.substr(begin, at_ - begin);
    if (is_real) {
      value.text = python_float(parse_double(value.text));
      return true;
    }
    value.kind = PythonJson::Kind::integer;
    if (value.text == "-0") value.text = "0";
    if (digits > kMaxPythonIntegerDigits)
      return refuse(fmt::format("integer of {} digits; at most {}", digits, kMaxPythonIntegerDigits),
                    ErrorKind::unsupported);
    return true;
  }

  // float(text), which overflows to infinity and underflows to zero; from_chars only says "out of range".
  static double parse_double(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc::result_out_of_range) return value;
    const double magnitude = decimal_exponent(text) > 0 ? std::numeric_limits<double>::infinity() : 0.0;
    return text[0] == '-' ? -magnitude : magnitude;
  }

  // Power of ten of the first digit that is not zero; REQUIRES: there is one.
  static int64_t decimal_exponent(std::string_view text) {
    const size_t e = std::min(text.find_first_of("eE"), text.size());
    const size_t point = std::min(text.find('.'), e);
    const size_t first = text.find_first_of("123456789");
    const auto shift =
        first < point ? static_cast<int64_t>(point - first) : -static_cast<int64_t>(first - point);
    int64_t exponent = 0;
    if (e < text.size()) {
      const char* begin = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
      const auto parsed = std::from_chars(begin, text.data() + text.size(), exponent);
      if (parsed.ec != std::errc()) exponent = *begin == '-' ? INT64_MIN / 2 : INT64_MAX / 2;
    }
    return shift + exponent;
  }

  std::string_view text_;
  std::string_view where_;
  size_t at_ = 0;
  Error error_;
};

}  // namespace

Result<PythonJson> parse_python_json(std::string_view text, std::string_view where) {
  return Parser(text, where).document();
}

}  // namespace sirocco
