// SPDX-License-Identifier: Apache-2.0
// JSON as Python's json module reads and writes it. Prompts contain re-written JSON, and the model saw
// Python's spelling: ", " and ": " between items, integers of any size, shortest floats (1e-05, 1e+16), NaN,
// keys in order of first appearance with the last value. No general library keeps all of that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"

namespace sirocco {

struct PythonJson {
  enum class Kind : uint8_t { null, boolean, integer, real, string, array, object };

  Kind kind = Kind::null;
  bool boolean = false;
  std::string text;               // a string's value; a number as Python writes it
  std::vector<std::string> keys;  // of an object, unique
  std::vector<PythonJson> items;  // of an array, or behind the keys of an object

  bool is(Kind k) const { return kind == k; }
  bool is_null() const { return kind == Kind::null; }
  bool is_string() const { return kind == Kind::string; }
  bool is_array() const { return kind == Kind::array; }
  bool is_object() const { return kind == Kind::object; }
  bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
  // Value of a key, null if this is no object or has no such key.
  const PythonJson* find(std::string_view key) const;
  std::optional<int64_t> as_int64() const;  // of an integer that fits
  double as_double() const;                 // of a number, else NaN

  static PythonJson make_string(std::string value);
  static PythonJson make_object();
  void add(std::string key, PythonJson value);  // REQUIRES: an object without this key
};

// Python's own limits: deeper nesting and longer integers are errors there too.
inline constexpr int kMaxPythonJsonDepth = 900;
inline constexpr size_t kMaxPythonIntegerDigits = 4300;

// Error kinds: bad_input where Python raises JSONDecodeError; unsupported where the text is JSON but Python
// fails on it later (depth, long integers, half surrogate pairs). REQUIRES: text is valid UTF-8.
Result<PythonJson> parse_python_json(std::string_view text, std::string_view where);

// json.dumps(value, ensure_ascii=False)
std::string dump_python_json(const PythonJson& value);
void dump_python_string(std::string_view text, std::string& out);
// `text` in double quotes on one line, cut after 60 bytes: for error messages.
std::string quoted(std::string_view text);
// repr(float)
std::string python_float(double value);

}  // namespace sirocco
