// SPDX-License-Identifier: Apache-2.0
// Pictures that a command is given: paths, where a request over HTTP may only carry data: URLs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"

namespace sirocco {

// The bytes behind a path, a file:// URL or a data: URL. For EngineOptions::fetch_picture.
Result<std::string> read_picture(std::string_view path);

// A message's content: the pictures, then the text; a plain string where there are none.
nlohmann::ordered_json content_with_pictures(const std::vector<std::string>& paths, const std::string& text);

}  // namespace sirocco
