// SPDX-License-Identifier: Apache-2.0
// ContentHash: which picture a file is. All of SHA-256, since pictures are shared between clients: nobody can craft a
// second picture that is taken for another's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sirocco {

using ContentHash = std::array<uint8_t, 32>;  // SHA-256

ContentHash content_hash(std::string_view bytes);

// 64 bits of a content hash for tables whose keys have no more room. Two pictures that agree in 64 bits of SHA-256 can
// be sought offline, in some 2^32 tries; under a key that was drawn here and is told to nobody there is nothing to seek
// with.
class KeyedHash {
 public:
  KeyedHash();  // draws its key
  uint64_t operator()(const ContentHash& hash) const;  // the first 8 bytes of HMAC-SHA-256

 private:
  std::array<uint8_t, 32> key_;
};

}  // namespace sirocco
