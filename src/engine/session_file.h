// SPDX-License-Identifier: Apache-2.0
// A session on disk: the token ids of a prefix and the cache pages that they made (docs/formats/session.md).
// Read only by the same model with the same cache: a fingerprint tells. A checksum tells damage.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/config.h"
#include "sirocco/status.h"

namespace sirocco {

// What the pages depend on.
struct SessionShape {
  uint64_t fingerprint = 0;  // of the model
  uint64_t page_bytes = 0;
  uint32_t page_tokens = 64;
  int64_t vocabulary = 0;
};

struct SessionView {
  std::vector<int32_t> ids;
  std::span<const std::byte> pages;  // whole pages, one after the other
};

uint64_t model_fingerprint(const Config& config, uint64_t file_bytes, uint64_t page_bytes);

// REQUIRES: pages hold `ids`, each page_bytes long. The file is old or new, never half.
Result<void> write_session(const std::string& path, const SessionShape& shape, std::span<const int32_t> ids,
                           std::span<const std::span<const std::byte>> pages);

// Checks everything before it hands out a view into `bytes`; `where` opens error messages.
Result<SessionView> parse_session(std::span<const std::byte> bytes, const SessionShape& shape,
                                  const std::string& where);

}  // namespace sirocco
