// SPDX-License-Identifier: Apache-2.0
// The keys that clients may present. Keys are kept as SHA-256 digests and compared without an early exit, so
// neither the time of an answer nor a core dump tells what they are.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sirocco::api {

class ApiKeys {
 public:
  explicit ApiKeys(const std::vector<std::string>& keys);
  bool empty() const { return digests_.empty(); }
  // Any of `Authorization: Bearer …`, `X-Api-Key` and `Api-Key` will do. True if there are no keys.
  bool admits(const http::Request& request) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  static Digest digest_of(std::string_view text);
  bool knows(std::string_view key) const;
  std::vector<Digest> digests_;
};

}  // namespace sirocco::api
