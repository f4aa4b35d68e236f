// SPDX-License-Identifier: Apache-2.0
// Schemas as other libraries still write them, in the words of today's draft: what the grammar would stumble
// over, though its meaning is clear.
#pragma once

#include "base/json.h"

namespace sirocco {

// Keywords that are null count as absent; a list of `items` (drafts 4 to 7) becomes `prefixItems`;
// exclusiveMinimum and exclusiveMaximum that are true (draft 4) take over the bound beside them.
Json mend_schema(Json schema);

}  // namespace sirocco
