// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <ctime>

namespace sirocco::http {

namespace beast = boost::beast;

bool take_head(const beast::http::request<beast::http::string_body>& message, Request& request) {
  request.method = message.method_string();
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  if (!parse_target(message.target(), request)) return false;  // behind the headers: a refusal answers to them
  const std::string_view encoding = request.header("content-encoding");
  return encoding.empty() || encoding == "identity";
}

std::string format_head(const Response& response, const AnswerHead& how, bool streaming, size_t body_bytes) {
  const auto status = static_cast<beast::http::status>(response.status);
  const bool chunked = streaming && how.version >= 11;
  const bool keep_alive = how.keep_alive && (!streaming || chunked);
  std::string out = fmt::format("HTTP/{}.{} {} {}\r\n", how.version / 10, how.version % 10, response.status,
                                std::string_view(beast::http::obsolete_reason(status)));
  out += fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(std::time(nullptr)));
  if (response.status != 204 && response.status != 304) {
    if (!response.content_type.empty()) out += fmt::format("Content-Type: {}\r\n", response.content_type);
    if (chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    } else if (!streaming) {
      out += fmt::format("Content-Length: {}\r\n", body_bytes);
    }
  }
  for (const auto& [name, value] : response.headers) {
    out += fmt::format("{}: {}\r\n", name, header_safe(value));
  }
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (how.version < 11) {
    out += "Connection: keep-alive\r\n";
  }
  return out += "\r\n";
}

void append_body(std::string& out, std::string_view bytes, bool chunked, bool last) {
  if (!chunked) {
    out += bytes;
    return;
  }
  if (!bytes.empty()) {
    out += fmt::format("{:x}\r\n", bytes.size());
    out += bytes;
    out += "\r\n";
  }
  if (last) out += "0\r\n\r\n";
}

std::string_view refusal_text(int status) {
  switch (status) {
    case 408:
      return "the request did not arrive in time";
    case 413:
      return "the request body is too large";
    case 431:
      return "the request headers are too large";
    case 503:
      return "the server holds too much unfinished input; try again";
    default:
      return "the request is not valid HTTP/1.1 (or its body is compressed)";
  }
}

}  // namespace sirocco::http
