// SPDX-License-Identifier: Apache-2.0
#include "picture/content_hash.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace sirocco {

ContentHash content_hash(std::string_view bytes) {
  ContentHash hash = {};
  unsigned length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_sha256(), nullptr) == 1);
  CHECK(length == hash.size());
  return hash;
}

uint64_t short_hash(const ContentHash& hash) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | hash[static_cast<size_t>(i)];
  return value;
}

}  // namespace sirocco
