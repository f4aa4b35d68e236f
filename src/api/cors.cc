// SPDX-License-Identifier: Apache-2.0
#include "api/cors.h"

#include <algorithm>

namespace sirocco::api {

bool origin_allowed(const std::vector<std::string>& allowed, std::string_view origin) {
  for (const std::string& entry : allowed) {
    if (entry == "*" || entry == origin) return true;  // also "null": sandboxed frames and pages from disk
  }
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view host = origin.substr(scheme + 3);
  const size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.find(']', port) == std::string_view::npos)
    host = host.substr(0, port);
  const bool local = host == "localhost" || host == "127.0.0.1" || host == "[::1]";
  return local && std::ranges::find(allowed, "localhost") != allowed.end();
}

void add_cors_headers(const std::vector<std::string>& allowed, std::string_view origin,
                      http::HeaderList& headers) {
  if (origin.empty() || !origin_allowed(allowed, origin)) return;
  headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  headers.emplace_back("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
  headers.emplace_back("Vary", "Origin");
}

http::Response preflight_response(const http::Request& request) {
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
  const std::string_view wanted = request.header("access-control-request-headers");
  response.headers.emplace_back("Access-Control-Allow-Headers", wanted.empty()
                                                                    ? "Authorization, Content-Type, X-Api-Key, Api-Key"
                                                                    : std::string(wanted));
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

}  // namespace sirocco::api
