// SPDX-License-Identifier: Apache-2.0
// What the raw-text surfaces (completions, llama-server's own, infill) share.
#pragma once

#include "api/call.h"
#include "api/chat.h"
#include "api/fields.h"
#include "api/generation.h"

namespace sirocco::api {

// A request for plain text with the samplers of the body; its prompt is still to be set. `default_tokens`
// holds where the body names no limit.
ApiResult<PreparedRequest> prepare_text(Call& call, Fields& fields, int64_t default_tokens);

// Whether a call may bring so many prompts with such a request: they all enter the queue at the same time, or none.
std::optional<ApiError> refuse_many(Call& call, const GenerateRequest& request, size_t prompts);

}  // namespace sirocco::api
