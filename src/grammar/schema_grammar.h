// SPDX-License-Identifier: Apache-2.0
// From the schemas in a structural tag to grammars, by XGrammar. Its own schemas inside a tag allow any
// amount of white space, and one that it cannot read would cost the whole tag.
#pragma once

#include <string>
#include <vector>

#include "api/api_error.h"
#include "base/json.h"

namespace sirocco {

// Replaces every {"type": "json_schema"} in `format` by its grammar. Where there is none, a tool that is not
// strict loses the arguments at fault from its schema, or all of it; anything else fails with a 400 that
// names it, or `form_field`, the field of the request that asked for the form. Returns what was loosened here or
// before: "tools.NAME.parameters".
api::ApiResult<std::vector<std::string>> write_schemas_as_grammars(Json& format, const std::string& form_field);

}  // namespace sirocco
