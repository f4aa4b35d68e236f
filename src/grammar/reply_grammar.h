// SPDX-License-Identifier: Apache-2.0
// The model's token structure as an XGrammar structural tag:
//   reply   = [THINK] text [/THINK]?  body
//   body    = text calls?              auto
//           | calls                    required, named
//           | text                     none
//   calls   = ([TOOL_CALLS] name [ARGS] json)+     once where calls may not be parallel
// where text is any UTF-8 without control tokens, or the demanded form. Markers are tokens, not text: nothing
// that is spelled out can pass for one.
#pragma once

#include <cstdint>

#include "api/constraint.h"
#include "base/json.h"

namespace sirocco {

struct MarkerIds {
  int32_t think = -1, end_think = -1, tool_calls = -1, arguments = -1;  // -1: the vocabulary lacks it
};

// Schemas stay as they are: write_schemas_as_grammars is next. Fails with a 400 that names what is wrong with
// the form or with the schema of a strict tool.
api::ApiResult<Json> structural_tag(const api::Constraint& constraint, const MarkerIds& markers);

}  // namespace sirocco
