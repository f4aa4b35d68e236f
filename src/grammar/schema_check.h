// SPDX-License-Identifier: Apache-2.0
// Which keywords of a JSON schema the grammar cannot express. XGrammar ignores them silently; a client that
// relies on one must hear about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace sirocco {

// Paths of the offending keywords ("properties.age.multipleOf"), in order; empty if all can be expressed.
std::vector<std::string> inexpressible_keywords(const Json& schema);

// The most entries of any "properties" in the schema: the work of compiling an object grows with their square.
size_t most_properties(const Json& schema);

// Whether the keyword's value is an object of schemas whatever their names: properties, $defs …
bool names_schemas(std::string_view keyword);
// Whether the keyword's value is a value or a list of them, no schema: const, enum …
bool holds_values(std::string_view keyword);

}  // namespace sirocco
