// SPDX-License-Identifier: Apache-2.0
// The bytes of the latent cache: [pages][layers][kPageTokens][C + R] in bf16, float32 or q8. A row is the
// normed latent, then the rotated rope key. In q8 it is C + R codes, then a float32 scale of the latent's and
// one of the rope key's: largest magnitude / 127. Which page holds what is the caller's business (src/cache).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/reserved_memory.h"
#include "base/view.h"
#include "ops/table.h"
#include "run/model.h"

namespace sirocco {

class LatentCache {
 public:
  // A row is `latent` + `rope` numbers.
  LatentCache(int64_t layers, int64_t latent, int64_t rope, CacheType type);
  LatentCache(const LatentCache&) = delete;
  LatentCache& operator=(const LatentCache&) = delete;

  Result<void> reserve(int64_t pages);
  int64_t pages() const { return memory_.size() / page_bytes(); }
  int64_t page_bytes() const { return layers_ * kTokens * row_bytes(); }
  CacheType type() const { return type_; }
  int64_t row_bytes() const {
    if (type_ == CacheType::q8) return row_ + 2 * static_cast<int64_t>(sizeof(float));
    return row_ * (type_ == CacheType::f32 ? 4 : 2);
  }
  std::span<std::byte> page(int64_t index);

  void store(int64_t page, int64_t layer, int64_t slot, const float* row, const OpTable& ops);
  // The page's first `tokens` rows as float32 [tokens, C + R]; in place for f32, else through `scratch`.
  View<const float> load(int64_t page, int64_t layer, int64_t tokens, float* scratch,
                         const OpTable& ops) const;

  // The page's rows of a layer, whatever their type.
  std::span<const std::byte> rows(int64_t page, int64_t layer) const {
    return {at(page, layer, 0), static_cast<size_t>(kTokens * row_bytes())};
  }
  // The page's rows as they lie there, [kTokens, C + R]. REQUIRES CacheType::bf16.
  const uint16_t* bf16_rows(int64_t page, int64_t layer) const {
    return reinterpret_cast<const uint16_t*>(at(page, layer, 0));
  }

  // The same, row_bytes() apart. REQUIRES CacheType::q8.
  const uint8_t* q8_rows(int64_t page, int64_t layer) const {
    return reinterpret_cast<const uint8_t*>(at(page, layer, 0));
  }

  static constexpr int64_t kTokens = Model::kPageTokens;

 private:
  std::byte* at(int64_t page, int64_t layer, int64_t slot) const;

  int64_t layers_, latent_, row_;
  CacheType type_;
  ReservedMemory memory_;  // pages never used cost none
};

}  // namespace sirocco
