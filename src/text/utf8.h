// SPDX-License-Identifier: Apache-2.0
// UTF-8 validation and cutting: what is a whole character, and where the last whole one ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sirocco {

bool is_valid_utf8(std::string_view text);
// Length of the longest prefix that does not end in the middle of a character that more bytes could complete.
size_t complete_utf8_prefix(std::string_view bytes);
// Appends `bytes`, each maximal part of a broken character replaced by U+FFFD: what Python's
// bytes.decode("utf-8", errors="replace") gives.
void append_replacing_invalid(std::string_view bytes, std::string& out);
// REQUIRES: code_point is no surrogate and at most 0x10FFFF.
void append_utf8(uint32_t code_point, std::string& out);

}  // namespace sirocco
