// SPDX-License-Identifier: Apache-2.0
// The pieces of a tokenizer by id, and the ids of plain pieces by their bytes. Ids of plain pieces are also
// their BPE ranks: of two possible merges the one with the lower id goes first.
// Invariant: every single byte is a plain piece, so any bytes can be encoded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"

namespace sirocco {

using TokenId = int32_t;
inline constexpr TokenId kNoToken = INT32_MAX;

// Pieces in the order of their ids, before they are checked.
struct PieceList {
  std::string bytes;             // all pieces, one behind the other
  std::vector<uint32_t> ends;    // [vocabulary size]
  std::vector<bool> is_special;  // [vocabulary size]; special pieces never come out of text

  void add(std::string_view piece, bool special);
  size_t size() const { return ends.size(); }
};

class Vocabulary {
 public:
  // `where` opens the error messages. Refuses empty and duplicate plain pieces and missing single bytes.
  static Result<Vocabulary> create(PieceList pieces, std::string_view where);

  int32_t size() const { return static_cast<int32_t>(pieces_.size()); }
  // REQUIRES: 0 <= id < size().
  std::string_view piece(TokenId id) const;
  bool is_special(TokenId id) const { return pieces_.is_special[static_cast<size_t>(id)]; }
  // Id of a plain piece, or kNoToken. `limit` is the end of the readable text around it.
  TokenId find(const char* piece, size_t length_bytes, const char* limit) const;
  TokenId find(std::string_view piece) const {
    return find(piece.data(), piece.size(), piece.data() + piece.size());
  }
  TokenId of_byte(uint8_t byte) const { return of_byte_[byte]; }
  TokenId of_byte_pair(uint8_t first, uint8_t second) const { return of_pair_[first << 8 | second]; }

 private:
  struct Slot {
    uint64_t key = 0;  // the bytes themselves up to eight, else their hash
    TokenId id = kNoToken;
    uint32_t length_bytes = 0;  // 0: empty
  };

  bool insert(TokenId id);

  PieceList pieces_;
  std::vector<Slot> slots_;       // [power of two], linear probing
  std::vector<uint64_t> filter_;  // bit set of hashes: most lookups during merging find nothing
  std::vector<TokenId> of_byte_;  // [256]
  std::vector<TokenId> of_pair_;  // [65536]
  size_t longest_piece_bytes_ = 0;
};

}  // namespace sirocco
