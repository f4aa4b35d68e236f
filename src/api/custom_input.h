// SPDX-License-Identifier: Apache-2.0
// CustomInput: what a custom tool is called with. The model writes {"input": "…"}, as for any function; the
// client gets the text within, while it grows. Arguments of any other form are that text themselves.
#pragma once

#include <string>
#include <string_view>

namespace sirocco::api {

class CustomInput {
 public:
  std::string take(std::string_view piece);  // of the arguments -> what that adds to the text
  const std::string& text() const { return text_; }

 private:
  enum class Place { before, inside, behind, elsewhere };
  void enter();
  void read();
  bool read_escape();  // false while some of it is missing

  Place place_ = Place::before;
  size_t matched_ = 0;  // characters of the opening
  std::string json_;
  size_t next_ = 0;  // in json_
  std::string text_;
};

}  // namespace sirocco::api
