// SPDX-License-Identifier: Apache-2.0
// The heads of requests and answers, between Beast's types and ours. Private to src/http.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sirocco::http {

struct AnswerHead {
  unsigned version = 11;  // of HTTP, as the request had it
  bool head_only = false;
  bool keep_alive = false;
};

// False for a bad target or an encoding of the body that is not offered.
bool take_head(const boost::beast::http::request<boost::beast::http::string_body>& message, Request& request);

std::string format_head(const Response& response, const AnswerHead& how, bool streaming, size_t body_bytes);

// Appends body bytes, as a chunk and with the last chunk where the answer is chunked.
void append_body(std::string& out, std::string_view bytes, bool chunked, bool last);

std::string_view refusal_text(int status);

}  // namespace sirocco::http
