// SPDX-License-Identifier: Apache-2.0
// The bytes of the latent cache: [pages][layers][kPageTokens][C + R] in bf16 or float32. A row is the normed
// latent, then the rotated rope key. Which page holds what is the caller's business (src/cache).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/view.h"
#include "ops/table.h"
#include "run/model.h"

namespace sirocco {

class LatentCache {
 public:
  LatentCache(int64_t layers, int64_t row, CacheType type);
  LatentCache(const LatentCache&) = delete;
  LatentCache& operator=(const LatentCache&) = delete;
  ~LatentCache();

  Result<void> reserve(int64_t pages);
  int64_t pages() const { return pages_; }
  int64_t page_bytes() const { return layers_ * kTokens * row_bytes(); }
  int64_t row_bytes() const { return row_ * (type_ == CacheType::f32 ? 4 : 2); }
  std::span<std::byte> page(int64_t index);

  void store(int64_t page, int64_t layer, int64_t slot, const float* row, const OpTable& ops);
  // The page's first `tokens` rows as float32 [tokens, C + R]; in place for f32, else through `scratch`.
  View<const float> load(int64_t page, int64_t layer, int64_t tokens, float* scratch,
                         const OpTable& ops) const;

  // The page's rows as they lie there, [kTokens, C + R]. REQUIRES CacheType::bf16.
  const uint16_t* bf16_rows(int64_t page, int64_t layer) const {
    return reinterpret_cast<const uint16_t*>(at(page, layer, 0));
  }

  static constexpr int64_t kTokens = Model::kPageTokens;

 private:
  std::byte* at(int64_t page, int64_t layer, int64_t slot) const;

  int64_t layers_, row_;
  CacheType type_;
  int64_t pages_ = 0;
  std::byte* data_ = nullptr;  // mapped, so that pages never used cost no memory
};

}  // namespace sirocco
