// SPDX-License-Identifier: Apache-2.0
// The pre-tokeniser: cuts text into the pieces inside which BPE merges. One known pattern, matched by hand;
// every released Tekken file carries it. See docs/formats/tekken.md, "Splitting".
#pragma once

#include <cstddef>
#include <string_view>

namespace sirocco {

// The pattern that next_piece matches, as tekken.json and tokenizer.json spell it.
inline constexpr std::string_view kTekkenPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Length in bytes of the piece at the start of `text`: at least one character. Pieces cover any text.
// REQUIRES: text is valid UTF-8 and not empty.
size_t next_piece(std::string_view text);

}  // namespace sirocco
