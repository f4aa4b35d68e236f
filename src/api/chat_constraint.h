// SPDX-License-Identifier: Apache-2.0
// From a chat request's JSON to the Constraint on its answer: tools and tool_choice, response_format, vLLM's
// structured_outputs and guided_… fields, llama-server's json_schema and grammar, and whether it may think.
#pragma once

#include "api/constraint.h"
#include "api/fields.h"

namespace sirocco::api {

// Whether an effort is named that thinks (sirocco/reasoning_effort.h), or the same said in other ways. Looks at
// reasoning_effort, reasoning, chat_template_kwargs, thinking and enable_thinking.
bool wants_thinking(Fields& fields);

ApiResult<Constraint> read_chat_constraint(Fields& fields);
// The same without tools and turn structure, for completions.
ApiResult<Constraint> read_text_constraint(Fields& fields);

}  // namespace sirocco::api
