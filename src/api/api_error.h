// SPDX-License-Identifier: Apache-2.0
// What a client is told when its request fails, in three dialects: the union of llama-server's, vLLM's and OpenAI's
// error object, the same where it is llama-server's alone, and Anthropic's.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "http/message.h"
#include "sirocco/result.h"

namespace sirocco::api {

enum class Dialect { openai, native, anthropic };

// A prompt that leaves no room for an answer. Clients read it to shorten a conversation, each in its own spelling.
struct ContextOverflow {
  int64_t prompt_tokens = 0;
  int64_t context_tokens = 0;
};

struct ApiError {
  int status = 400;
  std::string message = {};
  std::string param = {};  // the field at fault, if one is
  int retry_after_s = 0;   // header Retry-After where positive
  std::optional<ContextOverflow> overflow = {};

  static ApiError bad_request(std::string text, std::string field = {}) {
    return {.status = 400, .message = std::move(text), .param = std::move(field)};
  }
  static ApiError not_found(std::string text) { return {.status = 404, .message = std::move(text)}; }
  static ApiError not_supported(std::string text) { return {.status = 501, .message = std::move(text)}; }
  static ApiError too_long(ContextOverflow overflow);
  static ApiError from(const Error& error);
};

template <class T>
using ApiResult = tl::expected<T, ApiError>;
inline tl::unexpected<ApiError> fail_api(ApiError error) {
  return tl::unexpected<ApiError>(std::move(error));
}

Json error_json(const ApiError& error, Dialect dialect);
http::Response error_response(const ApiError& error, Dialect dialect);

// JSON text for the wire; bytes that are no UTF-8 become U+FFFD.
std::string to_text(const Json& json);
http::Response json_response(const Json& json, int status = 200);

}  // namespace sirocco::api
