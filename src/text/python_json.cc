// SPDX-License-Identifier: Apache-2.0
#include "text/python_json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "text/utf8.h"

namespace sirocco {

const PythonJson* PythonJson::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) return &items[i];
  return nullptr;
}

std::optional<int64_t> PythonJson::as_int64() const {
  int64_t value = 0;
  if (kind != Kind::integer) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double PythonJson::as_double() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double value = std::numeric_limits<double>::quiet_NaN();
  if (!is_number() || text == "NaN") return value;
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return text[0] == '-' ? -kInfinity : kInfinity;  // a long integer
  return value;
}

PythonJson PythonJson::make_string(std::string value) {
  PythonJson json;
  json.kind = Kind::string;
  json.text = std::move(value);
  return json;
}

PythonJson PythonJson::make_object() {
  PythonJson json;
  json.kind = Kind::object;
  return json;
}

void PythonJson::add(std::string key, PythonJson value) {
  DCHECK(is_object() && !find(key));
  keys.push_back(std::move(key));
  items.push_back(std::move(value));
}

std::string python_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[40];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<size_t>(written.ptr - buffer));
  const size_t e = scientific.find('e');
  int exponent = 0;
  const char* exponent_text = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_text, written.ptr, exponent);
  std::string digits;
  for (const char c : scientific.substr(0, e))
    if (c >= '0' && c <= '9') digits += c;
  const std::string sign = scientific[0] == '-' ? "-" : "";
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    const std::string tail = count > 1 ? fmt::format(".{}", digits.substr(1)) : "";
    return fmt::format("{}{}{}e{}{:02}", sign, digits[0], tail, exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return fmt::format("{}0.{:0>{}}", sign, digits, count - exponent - 1);
  const auto whole = static_cast<size_t>(exponent + 1);
  if (count <= exponent + 1) return fmt::format("{}{:0<{}}.0", sign, digits, whole);
  return fmt::format("{}{}.{}", sign, digits.substr(0, whole), digits.substr(whole));
}

void dump_python_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        else
          out += c;
    }
  }
  out += '"';
}

std::string quoted(std::string_view text) {
  constexpr size_t kMaxBytes = 60;
  std::string out;
  dump_python_string(text.substr(0, complete_utf8_prefix(text.substr(0, kMaxBytes))), out);
  if (text.size() > kMaxBytes) out += "…";
  return out;
}

namespace {

void dump_into(const PythonJson& value, std::string& out) {
  switch (value.kind) {
    case PythonJson::Kind::null:
      out += "null";
      return;
    case PythonJson::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case PythonJson::Kind::integer:
    case PythonJson::Kind::real:
      out += value.text;
      return;
    case PythonJson::Kind::string:
      dump_python_string(value.text, out);
      return;
    case PythonJson::Kind::array:
    case PythonJson::Kind::object:
      break;
  }
  out += value.is_array() ? '[' : '{';
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i) out += ", ";
    if (value.is_object()) {
      dump_python_string(value.keys[i], out);
      out += ": ";
    }
    dump_into(value.items[i], out);
  }
  out += value.is_array() ? ']' : '}';
}

}  // namespace

std::string dump_python_json(const PythonJson& value) {
  std::string out;
  dump_into(value, out);
  return out;
}

}  // namespace sirocco
