// SPDX-License-Identifier: Apache-2.0
#include "api/api_error.h"

#include <fmt/format.h>

#include <algorithm>

namespace sirocco::api {
namespace {

const char* openai_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    case 501:
      return "not_supported_error";
    case 503:
      return "unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

const char* anthropic_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

// Messages begin with the field at fault: "tools[0].type: expected …".
std::string field_of(std::string_view message) {
  const size_t colon = message.find(": ");
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view field = message.substr(0, colon);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_.[]-").find(c) != std::string_view::npos;
  };
  if (field == "request" || !std::all_of(field.begin(), field.end(), fits)) return {};
  return std::string(field);
}

// As the API itself says it: agents look for these words. The longest prompt that is taken leaves room for a token.
std::string anthropic_message(const ApiError& error) {
  if (!error.overflow) return error.message;
  const auto [prompt, context] = *error.overflow;
  return fmt::format("prompt is too long: {} tokens > {} maximum", prompt, context - 1);
}

Json native_overflow(const ApiError& error) {
  const auto [prompt, context] = *error.overflow;
  const std::string message = fmt::format(
      "request ({} tokens) exceeds the available context size ({} tokens), try increasing it", prompt, context);
  return {{"code", error.status},
          {"message", message},
          {"type", "exceed_context_size_error"},
          {"n_prompt_tokens", prompt},
          {"n_ctx", context}};
}

}  // namespace

ApiError ApiError::too_long(ContextOverflow overflow) {
  return {.message = fmt::format("prompt is too long: {} tokens; this model's maximum context length is {} tokens",
                                 overflow.prompt_tokens, overflow.context_tokens),
          .overflow = overflow};
}

ApiError ApiError::from(const Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found:
      return {.status = 404, .message = error.message};
    case ErrorKind::resource:
      return {.status = 429, .message = error.message, .retry_after_s = 1};
    case ErrorKind::cancelled:
      return {.status = 503, .message = error.message, .retry_after_s = 1};
    case ErrorKind::bad_input:
    case ErrorKind::unsupported:
      break;
  }
  return {.status = 400, .message = error.message, .param = field_of(error.message)};
}

Json error_json(const ApiError& error, Dialect dialect) {
  if (dialect == Dialect::anthropic) {
    return {{"type", "error"},
            {"error", {{"type", anthropic_type(error.status)}, {"message", anthropic_message(error)}}}};
  }
  if (dialect == Dialect::native && error.overflow) return {{"error", native_overflow(error)}};
  Json body = {{"message", error.message},
               {"type", openai_type(error.status)},
               {"param", nullptr},
               {"code", error.status}};
  if (!error.param.empty()) body["param"] = error.param;
  if (error.overflow) body["code"] = "context_length_exceeded";
  return {{"error", std::move(body)}};
}

http::Response error_response(const ApiError& error, Dialect dialect) {
  http::Response response = json_response(error_json(error, dialect), error.status);
  if (error.retry_after_s > 0)
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  return response;
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response json_response(const Json& json, int status) {
  http::Response response;
  response.status = status;
  response.body = to_text(json);
  return response;
}

}  // namespace sirocco::api
