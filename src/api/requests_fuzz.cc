// SPDX-License-Identifier: Apache-2.0
// Everything that reads a client's bytes before the engine does. The first byte picks the reader.
// Covers: src/api/chat_constraint.cc src/api/fields.cc src/api/messages_request.cc src/api/responses_request.cc
// Covers: src/api/custom_input.cc src/api/item_references.cc src/api/stream_flags.cc src/http/message.cc
#include <cstdint>
#include <string_view>

#include "api/chat_constraint.h"
#include "api/custom_input.h"
#include "api/item_references.h"
#include "api/messages_request.h"
#include "api/parts.h"
#include "api/responses_request.h"
#include "http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 8 == 0) {
    http::Request request;
    if (http::parse_target(text, request)) (void)request.query_value("action");
    (void)http::header_safe(text);
    (void)api::drop_billing_lines(text);
    api::CustomInput whole, pieces;
    (void)whole.take(text);
    for (size_t i = 0; i < text.size(); i += 3) (void)pieces.take(text.substr(i, 3));
    if (whole.text() != pieces.text()) __builtin_trap();
    return 0;
  }
  auto body = api::parse_body(text);
  if (!body) return 0;
  api::ResponseStore stored({});
  (void)api::resolve_references(stored, *body);
  api::Fields fields(*body);
  switch (data[0] % 8) {
    case 1:
      (void)api::chat_of_messages(fields);
      break;
    case 2:
      (void)api::chat_of_responses(fields, Json::array());
      break;
    case 3:
      (void)api::read_text_constraint(fields);
      break;
    case 4:
      (void)api::read_stream_flags(fields);
      break;
    default:
      (void)api::read_chat_constraint(fields);
      break;
  }
  (void)fields.unread();
  return 0;
}
