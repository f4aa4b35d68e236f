// SPDX-License-Identifier: Apache-2.0
// Remembers the ids of short pieces during one long text: small enough to answer from a second-level cache,
// where the vocabulary does not fit. Direct-mapped, a newcomer evicts; empty at the start of every text.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "text/padded_load.h"
#include "text/vocabulary.h"

namespace sirocco {

class PieceCache {
 public:
  static constexpr size_t kMaxPieceBytes = 15;
  static constexpr size_t kMaxIds = 4;

  PieceCache() : entries_(kEntries) {}

  // Appends the ids of `piece` if they are known. REQUIRES: piece has 1 to kMaxPieceBytes bytes before
  // `limit`.
  bool find(std::string_view piece, const char* limit, std::vector<TokenId>& ids) const {
    const Key key(piece, limit);
    const Entry& entry = entries_[key.slot()];
    if (entry.key != key) return false;
    for (const TokenId id : entry.ids) {
      if (id == kNoToken) break;
      ids.push_back(id);
    }
    return true;
  }

  void insert(std::string_view piece, const char* limit, const TokenId* ids, size_t count) {
    if (count > kMaxIds) return;
    const Key key(piece, limit);
    Entry& entry = entries_[key.slot()];
    entry.key = key;
    entry.ids.fill(kNoToken);
    for (size_t i = 0; i < count; ++i) entry.ids[i] = ids[i];
  }

 private:
  static constexpr size_t kEntries = 1 << 14;  // 512 KiB: fits a second-level cache

  struct Key {
    uint64_t low = 0, high = 0;  // the bytes, zero-padded; the last byte is their count, 0 in an empty entry

    Key() = default;
    Key(std::string_view piece, const char* limit) {
      const size_t size = piece.size();
      low = load_padded(piece.data(), size < 8 ? size : 8, limit);
      if (size > 8) high = load_padded(piece.data() + 8, size - 8, limit);
      high |= static_cast<uint64_t>(size) << 56;
    }
    bool operator==(const Key&) const = default;
    size_t slot() const { return mix(low ^ 0x9E3779B97F4A7C15u, high ^ 0xD6E8FEB86659FD93u) % kEntries; }
  };
  struct Entry {
    Key key;
    std::array<TokenId, kMaxIds> ids;
  };

  std::vector<Entry> entries_;
};

}  // namespace sirocco
