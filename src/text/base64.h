// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sirocco {

// Bytes of standard, padded base64; nothing if `text` is anything else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace sirocco
