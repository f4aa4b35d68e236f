// SPDX-License-Identifier: Apache-2.0
// JSON from outside: nlohmann's parser behind a depth cap, so that "[[[[…" of any length is an error and
// not a stack overflow. Key order is kept. Number spelling is not: prompts use text/python_json.h instead.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco {

using Json = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 256;

// `where` opens the error message: "params.json: …". Rejects invalid UTF-8 and trailing text.
Result<Json> parse_json(std::string_view text, std::string_view where);

}  // namespace sirocco
