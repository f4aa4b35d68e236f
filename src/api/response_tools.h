// SPDX-License-Identifier: Apache-2.0
// The tools of /v1/responses as functions, the only kind that the model calls: those of a namespace under
// joined names, custom ones with their input as the one argument. What runs on OpenAI's servers is left out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/fields.h"
#include "api/name_list.h"

namespace sirocco::api {

// What a function is to the client, where that is not its plain self.
struct ClientTool {
  std::string space = {};  // its namespace; "" outside of any
  std::string name = {};
  bool custom = false;
};

struct ResponseTools {
  std::map<std::string, ClientTool> by_function = {};
  NameList ignored = {};  // for the log: tools that are left out, grammars that are not enforced
};

// The function of a namespace's tool: "fs__read" is the tool read of fs.
std::string function_name(const std::string& space, const std::string& name);

// Reads tools and tool_choice into the fields of a chat request.
ResponseTools read_response_tools(Fields& fields, Json& chat);

// Refuses a tool_choice that requires a tool where all that were given were left out (here and in /v1/messages).
void refuse_required(Fields& fields, const NameList& left_out);

}  // namespace sirocco::api
