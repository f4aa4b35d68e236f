// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding by rank: within a piece, the adjacent pair whose bytes together have the lowest id
// merges first, the leftmost of equals; a piece that is a token is that token.
#pragma once

#include <string_view>
#include <vector>

#include "text/piece_cache.h"
#include "text/vocabulary.h"

namespace sirocco {

// Appends the ids of `piece`. `limit` is the end of the readable text that the piece lies in; `cache`, if
// given, belongs to this text and vocabulary.
void encode_piece(const Vocabulary& vocabulary, std::string_view piece, const char* limit,
                  std::vector<TokenId>& ids, PieceCache* cache = nullptr);

}  // namespace sirocco
