// SPDX-License-Identifier: Apache-2.0
// Url: an absolute http or https address, taken apart. Strict: what is unusual is refused rather than guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco::http {

struct Url {
  bool tls = false;
  std::string host;  // lower case; an IPv6 address without its brackets
  uint16_t port = 0;
  std::string target;  // path and query, at least "/"

  bool default_port() const { return port == (tls ? 443 : 80); }
};

// No user names, no white space or control characters; a fragment is dropped.
Result<Url> parse_url(std::string_view text);

// Where a redirect leads: an absolute address, or a path of the same host.
Result<Url> follow_url(const Url& from, std::string_view location);

}  // namespace sirocco::http
