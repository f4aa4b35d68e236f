// SPDX-License-Identifier: Apache-2.0
// Absorbed latent attention over a bf16 cache, sixteen heads at once (contract of ISA files).
//   s[h, l] = q[h, :] · keys[l, :];  sums[h, c] += Σ_l exp(s[h, l] - max) keys[l, c], c < latent
// A partial result covers a fixed run of keys; partial results are merged in ascending order, so that neither
// threads nor other sequences change a bit.
#pragma once

#include <cstdint>

namespace sirocco {

inline constexpr int kHeadLanes = 16;
inline constexpr int kKeyTile = 64;      // most keys of one call: a page
inline constexpr int kMostLatent = 512;  // C <= this, C % 64 == 0

struct LatentPartial {
  float max[kHeadLanes], total[kHeadLanes];
  float sums[kHeadLanes * kMostLatent];  // [16, C], columns in the kernel's own order until finish()
};

struct LatentKernels {
  // queries: [width / 2, 16] pairs of bf16, scaled; keys: [count, width] bf16. REQUIRES: 0 < count <=
  // kKeyTile. Memory behind key `count` is not used, whatever it holds. `first`: the partial result starts
  // here.
  void (*add_keys)(const uint32_t* queries, const uint16_t* keys, int count, int64_t latent, int64_t width,
                   bool first, LatentPartial* partial);
  // into = into merged with `from`, whose keys come later.
  void (*merge)(const LatentPartial* from, int64_t latent, LatentPartial* into);
  // out[h, c] = sums / total, heads `stride` apart, columns in their natural order; `heads` <= 16.
  void (*finish)(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride);
};

extern const LatentKernels kAvx512LatentKernels;

}  // namespace sirocco
