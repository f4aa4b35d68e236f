// SPDX-License-Identifier: Apache-2.0
// Which web pages may call the server from a browser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sirocco::api {

// `allowed`: "*", whole origins, or "localhost" for pages of this machine on any port.
bool origin_allowed(const std::vector<std::string>& allowed, std::string_view origin);
void add_cors_headers(const std::vector<std::string>& allowed, std::string_view origin,
                      http::HeaderList& headers);
// The answer to a preflight (OPTIONS).
http::Response preflight_response(const http::Request& request);

}  // namespace sirocco::api
