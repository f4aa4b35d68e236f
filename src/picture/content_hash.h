// SPDX-License-Identifier: Apache-2.0
// ContentHash: which picture a file is. Cryptographic, since the prefix cache is shared: nobody may craft a
// second picture that is taken for another's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sirocco {

using ContentHash = std::array<uint8_t, 32>;  // SHA-256

ContentHash content_hash(std::string_view bytes);
uint64_t short_hash(const ContentHash& hash);  // its first 8 bytes

}  // namespace sirocco
