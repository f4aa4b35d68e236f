// SPDX-License-Identifier: Apache-2.0
// What the layouts encode: neighbours of one role merged, chunks joined, tool results in the order of their
// calls. Private to src/text.
#pragma once

#include <string>
#include <vector>

#include "text/chat_request.h"

namespace sirocco {

struct NormalizedChat {
  std::string system_prompt;  // v3 only, where it is part of a user message
  std::vector<ChatMessage> messages;
};

// REQUIRES: at least one message.
NormalizedChat normalize_chat(const ChatRequest& request, TokenizerVersion version);

}  // namespace sirocco
