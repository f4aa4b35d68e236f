// SPDX-License-Identifier: Apache-2.0
// Fields: reads a JSON object field by field. Null counts as absent. The first field of the wrong type is
// remembered (error()); the fields that nobody asked for can be named afterwards (unread()).
// A Fields borrows its object.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.h"
#include "base/json.h"

namespace sirocco::api {

class Fields {
 public:
  // `where` prefixes field names in messages: "messages[2]."
  explicit Fields(const Json& object, std::string where = {});

  bool has(std::string_view name);         // present and not null; counts as read
  const Json* any(std::string_view name);  // null if absent
  const Json* object(std::string_view name);
  const Json* array(std::string_view name);
  std::optional<bool> boolean(std::string_view name);
  std::optional<int64_t> integer(std::string_view name, int64_t least, int64_t most);
  std::optional<double> number(std::string_view name, double least, double most);
  const std::string* string(std::string_view name);
  bool flag(std::string_view name) { return boolean(name).value_or(false); }
  std::string text(std::string_view name);  // "" if absent

  void ignore(std::initializer_list<std::string_view> names);  // counts as read
  void reject(std::string_view name, std::string_view problem);
  const std::optional<ApiError>& error() const { return error_; }
  std::vector<std::string> unread() const;
  // Of the names that another reader did not know, those that nobody asked for here either.
  std::vector<std::string> unread_of(std::vector<std::string> names) const;

 private:
  const Json* typed(std::string_view name, bool (*fits)(const Json&), std::string_view expected);

  const Json& object_;
  const std::string where_;
  std::set<std::string, std::less<>> read_;
  std::optional<ApiError> error_;
};

// A body that must be a JSON object.
ApiResult<Json> parse_body(std::string_view body);

}  // namespace sirocco::api
