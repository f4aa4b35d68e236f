// SPDX-License-Identifier: Apache-2.0
// UTF-8 validation and cutting: what is a whole character, and where the last whole one ends.
#pragma once

#include <cstddef>
#include <string_view>

namespace sirocco {

bool is_valid_utf8(std::string_view text);
// Length of the longest prefix that does not end in the middle of a character that more bytes could complete.
size_t complete_utf8_prefix(std::string_view bytes);

}  // namespace sirocco
