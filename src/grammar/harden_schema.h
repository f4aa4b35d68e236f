// SPDX-License-Identifier: Apache-2.0
// Makes a schema's string rules safe to put between quotes. XGrammar pastes `pattern` raw into the JSON
// string and takes minLength and maxLength over any characters: both could produce quotes and control
// characters, and so text that does not parse.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace sirocco {

enum class UnsafePattern { refuse, leave_out };

// A copy whose patterns can only produce characters that a JSON string holds unescaped. A `pattern` that reaches
// a quote, a backslash or a control character, or that no grammar expresses, makes it fail or is left out; among
// patternProperties it always fails.
Result<Json> harden_schema(const Json& schema, UnsafePattern unsafe);
Result<std::string> harden_pattern(std::string_view pattern);

// Whether repetitions {m,n} with m < n are nested more than twice. Each level multiplies the ways in which one text can
// be read, and all of them are followed at once: 80 characters of ((a{1,999}){1,999}){1,999} took 17 seconds.
bool repeats_too_deep(std::string_view pattern);

}  // namespace sirocco
