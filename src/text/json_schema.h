// SPDX-License-Identifier: Apache-2.0
// Whether a JSON value is a JSON schema (draft 7): what mistral-common demands of a tool's parameters.
#pragma once

#include <string_view>

#include "sirocco/result.h"
#include "text/python_json.h"

namespace sirocco {

// `path` opens the error message. Regular expressions inside the schema are not compiled.
Result<void> check_json_schema(const PythonJson& schema, std::string_view path);

}  // namespace sirocco
