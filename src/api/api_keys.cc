// SPDX-License-Identifier: Apache-2.0
#include "api/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace sirocco::api {

ApiKeys::Digest ApiKeys::digest_of(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

ApiKeys::ApiKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (!key.empty()) digests_.push_back(digest_of(key));
  }
}

bool ApiKeys::admits(const http::Request& request) const {
  if (digests_.empty()) return true;
  std::string_view key = request.header("x-api-key");
  const std::string_view bearer = request.header("authorization");
  if (bearer.size() > 7 && (bearer.substr(0, 7) == "Bearer " || bearer.substr(0, 7) == "bearer ")) {
    key = bearer.substr(7);
  }
  const Digest given = digest_of(key);
  int matches = 0;
  for (const Digest& digest : digests_) {
    matches |= CRYPTO_memcmp(digest.data(), given.data(), digest.size()) == 0 ? 1 : 0;
  }
  return matches != 0;
}

}  // namespace sirocco::api
