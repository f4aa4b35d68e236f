// SPDX-License-Identifier: Apache-2.0
#include "api/custom_input.h"

#include "base/json.h"

namespace sirocco::api {
namespace {

constexpr std::string_view kOpening = R"({"input":")";  // white space may stand around the name
constexpr size_t kNameBegin = 2, kNameEnd = 8;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool opens_pair(std::string_view escape) {  // of UTF-16: \ud83d\ude00
  return escape.size() == 6 && (escape[2] == 'd' || escape[2] == 'D') &&
         std::string_view("89abAB").find(escape[3]) != std::string_view::npos;
}

}  // namespace

std::string CustomInput::take(std::string_view piece) {
  json_ += piece;
  const size_t before = text_.size();
  if (place_ == Place::before) enter();
  if (place_ == Place::inside) read();
  if (place_ == Place::elsewhere) {
    text_ += json_.substr(next_);
    next_ = json_.size();
  }
  return text_.substr(before);
}

void CustomInput::enter() {
  for (; next_ < json_.size() && place_ == Place::before; ++next_) {
    if (is_space(json_[next_]) && (matched_ < kNameBegin || matched_ >= kNameEnd)) continue;
    if (json_[next_] != kOpening[matched_]) {
      place_ = Place::elsewhere;
      next_ = 0;
      return;
    }
    if (++matched_ == kOpening.size()) place_ = Place::inside;
  }
}

void CustomInput::read() {
  while (next_ < json_.size()) {
    if (json_[next_] == '"') {
      place_ = Place::behind;
      return;
    }
    if (json_[next_] != '\\')
      text_ += json_[next_++];
    else if (!read_escape())
      return;
  }
}

bool CustomInput::read_escape() {
  const std::string_view rest = std::string_view(json_).substr(next_);
  if (rest.size() < 2) return false;
  size_t length = rest[1] == 'u' ? 6 : 2;
  if (rest.size() < length) return false;
  if (opens_pair(rest.substr(0, length)) && rest.size() < 12) return false;
  const auto decoded = [&](size_t size) {
    return Json::parse('"' + std::string(rest.substr(0, size)) + '"', nullptr, false);
  };
  Json character = decoded(length);
  if (!character.is_string() && length == 6 && rest.size() >= 12) {
    character = decoded(12);
    if (character.is_string()) length = 12;
  }
  text_ += character.is_string() ? character.get<std::string>() : "\xEF\xBF\xBD";
  next_ += length;
  return true;
}

}  // namespace sirocco::api
