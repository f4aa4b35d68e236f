// SPDX-License-Identifier: Apache-2.0
// What every answer carries, also those that the HTTP layer gives by itself: the id of its request, and leave for the
// web page that asked to read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.h"
#include "http/message.h"

namespace sirocco::api {

// The one that the client sent, or a new one.
std::string request_id(const http::Request& request);

void add_answer_headers(const http::Request& request, std::string_view id, Dialect dialect,
                        const std::vector<std::string>& cors_origins, http::HeaderList& headers);

}  // namespace sirocco::api
