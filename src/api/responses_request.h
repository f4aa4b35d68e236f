// SPDX-License-Identifier: Apache-2.0
// OpenAI's responses request → chat JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/fields.h"
#include "api/name_list.h"
#include "api/response_tools.h"

namespace sirocco::api {

struct ResponsesInput {
  Json chat;      // the request, with the whole conversation
  Json messages;  // the conversation without the instructions, which do not outlive their request
  Json items;     // this turn's input items, as they are listed later
  std::map<std::string, ClientTool> functions = {};  // as in ResponseTools
  NameList ignored = {};                             // for the log: tools and items that are passed over
};

// `earlier` holds the messages of the response that this one goes on from; an empty list if none.
ApiResult<ResponsesInput> chat_of_responses(Fields& fields, Json earlier);

}  // namespace sirocco::api
