// SPDX-License-Identifier: Apache-2.0
// References of /v1/responses to items of earlier answers, by id instead of by value.
#pragma once

#include <optional>

#include "api/api_error.h"
#include "api/response_store.h"

namespace sirocco::api {

// Puts the items in place of {"type": "item_reference", "id": …} in the request's input. 404 where an answer
// is not kept (any more).
std::optional<ApiError> resolve_references(ResponseStore& stored, Json& body);

}  // namespace sirocco::api
