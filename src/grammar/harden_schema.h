// SPDX-License-Identifier: Apache-2.0
// Makes a schema's string rules safe to put between quotes. XGrammar pastes `pattern` raw into the JSON
// string and takes minLength and maxLength over any characters: both could produce quotes and control
// characters, and so text that does not parse.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sirocco {

// A copy whose patterns can only produce characters that a JSON string holds unescaped. Fails for patterns
// that demand a quote, a backslash or a control character.
Result<Json> harden_schema(const Json& schema);
Result<std::string> harden_pattern(std::string_view pattern);

}  // namespace sirocco
