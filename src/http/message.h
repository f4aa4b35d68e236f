// SPDX-License-Identifier: Apache-2.0
// A request and an answer as plain data, and the small grammar of targets and headers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sirocco::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // as sent: "GET"
  std::string path;    // percent-decoded, without the query
  std::string query;   // as sent, without the question mark
  HeaderList headers;  // names in lower case, in the order of arrival
  std::string body;
  std::string peer;  // "127.0.0.1:53514"

  std::string_view header(std::string_view name) const;  // first one; "" if absent. REQUIRES: lower case
  std::optional<std::string> query_value(std::string_view name) const;  // percent-decoded
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  HeaderList headers;
  std::string body;
};

// Sets path and query. False for targets that are neither origin-form nor absolute-form, for broken escapes
// and for control characters.
bool parse_target(std::string_view target, Request& request);

// What may stand in a header value: visible ASCII, space and tab. Anything else is dropped, so that nothing
// that a client sent can split a header.
std::string header_safe(std::string_view text);

}  // namespace sirocco::http
