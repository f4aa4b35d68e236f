// SPDX-License-Identifier: Apache-2.0
#include "api/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sirocco::api {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

// What follows the scheme, whose case is free; "" under any other scheme.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  const std::string_view text = trimmed(authorization);
  const size_t space = std::min(text.find_first_of(" \t"), text.size());
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::ranges::equal(text.substr(0, space), kScheme, same) ? trimmed(text.substr(space)) : "";
}

}  // namespace

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

bool ApiKeys::knows(std::string_view key) const {
  const Digest given = digest_of(key);
  int matches = 0;
  for (const Digest& digest : digests_) {
    matches |= CRYPTO_memcmp(digest.data(), given.data(), digest.size()) == 0 ? 1 : 0;
  }
  return matches != 0;
}

bool ApiKeys::admits(const http::Request& request) const {
  if (digests_.empty()) return true;
  bool admitted = false;
  for (const std::string_view key : {bearer_token(request.header("authorization")),
                                     trimmed(request.header("x-api-key")), trimmed(request.header("api-key"))}) {
    admitted |= !key.empty() && knows(key);  // a client that sends a stale one beside the right one is let in
  }
  return admitted;
}

}  // namespace sirocco::api
