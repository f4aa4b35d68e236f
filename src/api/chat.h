// SPDX-License-Identifier: Apache-2.0
// What the three chat surfaces (chat completions, messages, responses) share: OpenAI chat JSON → a request
// with its mask. The other two are translated to that JSON first.
#pragma once

#include <string>

#include "api/call.h"
#include "api/fields.h"
#include "sirocco/request.h"

namespace sirocco::api {

// `text` is the body as it came, or empty where `body` is a translation. Reads the fields that it needs
// from `fields` (over `body`).
ApiResult<GenerateRequest> prepare_chat(Call& call, const Json& body, std::string_view text, Fields& fields);

// Adds the mask for `constraint`, or the refusal of a build without grammars.
std::optional<ApiError> constrain(Call& call, const Constraint& constraint, GenerateRequest& request);

}  // namespace sirocco::api
