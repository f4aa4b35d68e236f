// SPDX-License-Identifier: Apache-2.0
// One prompt answered as a chat completion, in OpenAI's form or in Mistral's: what /v1/chat/completions and Mistral's
// /v1/fim/completions share once they have a request.
#pragma once

#include <string>

#include "api/call.h"
#include "api/chat.h"
#include "api/chat_writer.h"

namespace sirocco::api {

struct ChatAnswer {
  std::string id = {};     // "chatcmpl-…"
  std::string model = {};  // as the client named it
  bool mistral = false;    // the form
};

void answer_chat(const CallPtr& call, PreparedRequest prepared, ChatWriter::Options options, ChatAnswer answer);

}  // namespace sirocco::api
