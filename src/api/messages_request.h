// SPDX-License-Identifier: Apache-2.0
// Anthropic's messages request → OpenAI chat JSON, the one form that templating knows.
#pragma once

#include <string>
#include <vector>

#include "api/fields.h"
#include "api/name_list.h"

namespace sirocco::api {

// Lines that some agents put at the head of the system prompt and change every turn; with them in the prompt
// no turn would find its prefix in the cache.
std::string drop_billing_lines(std::string_view system);

struct MessagesInput {
  Json chat;
  NameList ignored = {};  // for the log: tools and blocks that are passed over
};

// `fields` is over the messages body. Unknown blocks are an error, unknown fields are not.
ApiResult<MessagesInput> chat_of_messages(Fields& fields);

}  // namespace sirocco::api
