// SPDX-License-Identifier: Apache-2.0
#include "picture/content_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace sirocco {

ContentHash content_hash(std::string_view bytes) {
  ContentHash hash = {};
  unsigned length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_sha256(), nullptr) == 1);
  CHECK(length == hash.size());
  return hash;
}

KeyedHash::KeyedHash() {
  CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1);
}

uint64_t KeyedHash::operator()(const ContentHash& hash) const {
  ContentHash code = {};
  unsigned length = 0;
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), hash.data(), hash.size(), code.data(),
             &length) != nullptr);
  CHECK(length == code.size());
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = value << 8 | code[i];
  return value;
}

}  // namespace sirocco
