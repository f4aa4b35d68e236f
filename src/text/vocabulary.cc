// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "text/padded_load.h"

namespace sirocco {
namespace {

constexpr size_t kFilterBits =
    1 << 21;  // 256 KiB stays in a second-level cache; 6 % false hits at 131,072 pieces

uint64_t hash_long(const char* p, size_t length_bytes) {
  uint64_t hash = length_bytes;
  for (; length_bytes > 8; p += 8, length_bytes -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    hash = mix(hash ^ word, 0x9E3779B97F4A7C15u);
  }
  uint64_t word = 0;
  std::memcpy(&word, p, length_bytes);
  return mix(hash ^ word, 0xD6E8FEB86659FD93u);
}

struct Key {
  uint64_t key;
  uint64_t hash;
};

Key key_of(const char* p, size_t length_bytes, const char* limit) {
  if (length_bytes <= 8) {
    const uint64_t key = load_padded(p, length_bytes, limit);
    return {key, mix(key ^ length_bytes << 56, 0x9E3779B97F4A7C15u)};
  }
  const uint64_t key = hash_long(p, length_bytes);
  return {key, key};
}

}  // namespace

void PieceList::add(std::string_view piece, bool special) {
  bytes += piece;
  ends.push_back(static_cast<uint32_t>(bytes.size()));
  is_special.push_back(special);
}

std::string_view Vocabulary::piece(TokenId id) const {
  DCHECK(id >= 0 && id < size());
  const auto i = static_cast<size_t>(id);
  const size_t begin = i == 0 ? 0 : pieces_.ends[i - 1];
  return std::string_view(pieces_.bytes).substr(begin, pieces_.ends[i] - begin);
}

TokenId Vocabulary::find(const char* piece_bytes, size_t length_bytes, const char* limit) const {
  if (length_bytes > longest_piece_bytes_) return kNoToken;
  const Key key = key_of(piece_bytes, length_bytes, limit);
  const size_t bit = key.hash >> 43;  // 21 bits: kFilterBits
  if (!(filter_[bit / 64] >> (bit % 64) & 1)) return kNoToken;
  const size_t mask = slots_.size() - 1;
  for (size_t i = key.hash & mask; slots_[i].length_bytes; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.key != key.key || slot.length_bytes != length_bytes) continue;
    if (length_bytes <= 8 || std::memcmp(piece(slot.id).data(), piece_bytes, length_bytes) == 0)
      return slot.id;
  }
  return kNoToken;
}

bool Vocabulary::insert(TokenId id) {
  const std::string_view bytes = piece(id);
  const char* limit = bytes.data() + bytes.size();
  if (find(bytes.data(), bytes.size(), limit) != kNoToken) return false;
  const Key key = key_of(bytes.data(), bytes.size(), limit);
  const size_t bit = key.hash >> 43;
  filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  const size_t mask = slots_.size() - 1;
  size_t i = key.hash & mask;
  while (slots_[i].length_bytes) i = (i + 1) & mask;
  slots_[i] = {key.key, id, static_cast<uint32_t>(bytes.size())};
  if (bytes.size() == 1) of_byte_[static_cast<uint8_t>(bytes[0])] = id;
  if (bytes.size() == 2) of_pair_[static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1])] = id;
  return true;
}

Result<Vocabulary> Vocabulary::create(PieceList pieces, std::string_view where) {
  CHECK(pieces.ends.size() == pieces.is_special.size());
  Vocabulary vocabulary;
  vocabulary.pieces_ = std::move(pieces);
  vocabulary.slots_.resize(std::bit_ceil(vocabulary.pieces_.size() * 2 + 1));
  vocabulary.filter_.resize(kFilterBits / 64);
  vocabulary.of_byte_.assign(256, kNoToken);
  vocabulary.of_pair_.assign(65536, kNoToken);
  for (TokenId id = 0; id < vocabulary.size(); ++id)
    if (!vocabulary.is_special(id))
      vocabulary.longest_piece_bytes_ =
          std::max(vocabulary.longest_piece_bytes_, vocabulary.piece(id).size());
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (vocabulary.is_special(id)) continue;
    if (vocabulary.piece(id).empty()) return bad_input(fmt::format("{}: token {} is empty", where, id));
    if (!vocabulary.insert(id))
      return bad_input(fmt::format("{}: token {} repeats the bytes of token {}", where, id,
                                   vocabulary.find(vocabulary.piece(id))));
  }
  for (int byte = 0; byte < 256; ++byte)
    if (vocabulary.of_byte_[static_cast<size_t>(byte)] == kNoToken)
      return bad_input(fmt::format("{}: the vocabulary lacks the single byte 0x{:02X}", where, byte));
  return vocabulary;
}

}  // namespace sirocco
