// SPDX-License-Identifier: Apache-2.0
// The description of the API, src/api/openapi.json, as it was when the program was built.
#pragma once

#include <string_view>

namespace sirocco::api {

std::string_view openapi_text();

}  // namespace sirocco::api
