// SPDX-License-Identifier: Apache-2.0
// What the three chat surfaces (chat completions, messages, responses) share: OpenAI chat JSON → a request
// with its mask. The other two are translated to that JSON first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/constraint.h"
#include "api/fields.h"
#include "sirocco/request.h"

namespace sirocco::api {

// A request for the engine, and the constraint that its answer needs a grammar for, if any. The mask is made
// of it when the request runs (run_generation), not where tokens are merely counted.
struct PreparedRequest {
  GenerateRequest request = {};
  std::optional<Constraint> constraint = {};
  std::vector<std::string> ignored = {};  // fields that nothing reads
};

// `text` is the body as it came, or empty where `body` is a translation. Reads the fields that it needs
// from `fields` (over `body`).
ApiResult<PreparedRequest> prepare_chat(const Engine& engine, bool have_grammars, const Json& body,
                                        std::string_view text, Fields& fields);
// The same for a call, whose line of the log names the ignored fields.
ApiResult<PreparedRequest> prepare_chat(Call& call, const Json& body, std::string_view text, Fields& fields);

// Binds the request to `constraint`: by banned tokens where these suffice, else by a grammar. Fails where
// this build has no grammars.
ApiResult<PreparedRequest> constrain(const Engine& engine, bool have_grammars, Constraint constraint,
                                     GenerateRequest request);

}  // namespace sirocco::api
