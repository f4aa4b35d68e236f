// SPDX-License-Identifier: Apache-2.0
#include "api/answer_headers.h"

#include "api/cors.h"
#include "api/reply.h"

namespace sirocco::api {

std::string request_id(const http::Request& request) {
  std::string id = http::header_safe(request.header("x-request-id")).substr(0, 128);
  return id.empty() ? "req_" + random_id(24) : id;
}

void add_answer_headers(const http::Request& request, std::string_view id, Dialect dialect,
                        const std::vector<std::string>& cors_origins, http::HeaderList& headers) {
  headers.emplace_back("X-Request-Id", id);
  if (dialect == Dialect::anthropic) headers.emplace_back("request-id", id);
  add_cors_headers(cors_origins, request.header("origin"), headers);
}

}  // namespace sirocco::api
