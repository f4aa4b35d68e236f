// SPDX-License-Identifier: Apache-2.0
// "Did you mean …?" for mistyped flags and commands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sirocco {

// Insertions, deletions, replacements and swaps of neighbours between two words.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`; empty when none is near enough to be a slip of the finger.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace sirocco
