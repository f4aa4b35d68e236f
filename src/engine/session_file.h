// SPDX-License-Identifier: Apache-2.0
// A session on disk: the tokens and pictures of a prefix and the cache pages that they made (docs/formats/session.md).
// Read only by the same model with the same cache: a fingerprint tells. A checksum tells damage.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/config.h"
#include "sirocco/request.h"
#include "sirocco/result.h"
#include "weights/tensor_entry.h"

namespace sirocco {

// What the pages depend on.
struct SessionShape {
  uint64_t fingerprint = 0;  // of the model
  uint64_t page_bytes = 0;
  uint32_t page_tokens = 64;
  int64_t vocabulary = 0;
};

struct SessionView {
  Session session;
  std::span<const std::byte> pages;  // whole pages, one after the other
};

// Names, sizes and samples of tensors: weights of one shape that were trained apart differ.
uint64_t weights_fingerprint(std::span<const TensorEntry> tensors);
// What the bytes of a page depend on.
uint64_t model_fingerprint(const Config& config, uint64_t weights, uint64_t page_bytes);

// Ids of the vocabulary; pictures in order, apart, and within the tokens.
Result<void> check_session(const Session& session, int64_t vocabulary);

// REQUIRES: pages hold the tokens, each page_bytes long. The file is old or new, never half.
Result<void> write_session(const std::string& path, const SessionShape& shape, const Session& session,
                           std::span<const std::span<const std::byte>> pages);

// Checks everything before it hands out a view into `bytes`; `where` opens error messages.
Result<SessionView> parse_session(std::span<const std::byte> bytes, const SessionShape& shape,
                                  const std::string& where);

}  // namespace sirocco
