// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/latent_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace sirocco {

namespace {

// codes [size] and their scale.
float narrow(const float* x, int64_t size, int8_t* codes) {
  float most = 0.0f;
  for (int64_t i = 0; i < size; ++i) most = std::max(most, std::abs(x[i]));
  const float inverse = most > 0.0f ? 127.0f / most : 0.0f;
  for (int64_t i = 0; i < size; ++i) codes[i] = static_cast<int8_t>(std::nearbyint(x[i] * inverse));
  return most / 127.0f;
}

}  // namespace

LatentCache::LatentCache(int64_t layers, int64_t latent, int64_t rope, CacheType type)
    : layers_(layers), latent_(latent), row_(latent + rope), type_(type) {}

Result<void> LatentCache::reserve(int64_t pages) {
  memory_ = {};
  memory_ = ReservedMemory(pages * page_bytes(), ReservedMemory::Pages::plain);
  if (memory_.empty())
    return fail(ErrorKind::resource,
                fmt::format("cache: cannot reserve {} pages of {} bytes", pages, page_bytes()));
  return {};
}

std::byte* LatentCache::at(int64_t page, int64_t layer, int64_t slot) const {
  DCHECK(page >= 0 && page < pages() && slot >= 0 && slot < kTokens);
  return memory_.data() + page * page_bytes() + (layer * kTokens + slot) * row_bytes();
}

std::span<std::byte> LatentCache::page(int64_t index) {
  CHECK(index >= 0 && index < pages());
  return {at(index, 0, 0), static_cast<size_t>(page_bytes())};
}

void LatentCache::store(int64_t page, int64_t layer, int64_t slot, const float* row, const OpTable& ops) {
  std::byte* out = at(page, layer, slot);
  if (type_ == CacheType::f32) {
    std::memcpy(out, row, static_cast<size_t>(row_bytes()));
  } else if (type_ == CacheType::q8) {
    auto* codes = reinterpret_cast<int8_t*>(out);
    const float scales[] = {narrow(row, latent_, codes),
                            narrow(row + latent_, row_ - latent_, codes + latent_)};
    std::memcpy(out + row_, scales, sizeof scales);
  } else {
    ops.f32_to_bf16(row, row_, reinterpret_cast<uint16_t*>(out));
  }
}

View<const float> LatentCache::load(int64_t page, int64_t layer, int64_t tokens, float* scratch,
                                    const OpTable& ops) const {
  const std::byte* rows = at(page, layer, 0);
  if (type_ == CacheType::f32) return make_view(reinterpret_cast<const float*>(rows), tokens, row_);
  if (type_ == CacheType::q8) {
    for (int64_t t = 0; t < tokens; ++t, rows += row_bytes()) {
      float scales[2];
      std::memcpy(scales, rows + row_, sizeof scales);
      const auto* codes = reinterpret_cast<const int8_t*>(rows);
      for (int64_t i = 0; i < row_; ++i)
        scratch[t * row_ + i] = static_cast<float>(codes[i]) * scales[i < latent_ ? 0 : 1];
    }
    return make_view<const float>(scratch, tokens, row_);
  }
  ops.bf16_to_f32(reinterpret_cast<const uint16_t*>(rows), tokens * row_, scratch);
  return make_view<const float>(scratch, tokens, row_);
}

}  // namespace sirocco
