// SPDX-License-Identifier: Apache-2.0
// Attention of every patch of one picture to all others: out = softmax(q K^T / √hd) V per head, no mask.
// Where 16-bit kernels exist, keys and values are packed like weights (ops/packed.h): keys as strips of 16 keys,
// values as strips of 16 channels, so that both products run on the text model's kernels. Otherwise float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "run/cpu/compute.h"

namespace sirocco {

// Keys and values of one picture and one layer.
class VisionKeys {
 public:
  // Block boundaries of store(): neither strips nor blocks of values may be shared by two calls.
  static constexpr int64_t kGranule = kRecordColumns;

  // `kernel`: multiplies strips that pack_floats makes; null keeps float32.
  VisionKeys(int64_t patches, int64_t heads, int64_t head_dim, const PackedKernel* kernel);

  // Rows `first` … of keys and values [rows, heads · hd], keys rotated. REQUIRES: first % kGranule == 0, and
  // rows % kGranule == 0 unless they are the last.
  void store(int64_t first, View<const float> keys, View<const float> values, Compute& compute);

  // out [rows, heads · hd] for rotated queries [rows, heads · hd], which are scaled in place.
  void attend(View<float> queries, View<float> out, Compute& compute) const;

 private:
  int64_t key_at(int64_t head, int64_t strip) const;    // bytes into packed_keys_
  int64_t value_at(int64_t head, int64_t strip) const;  // bytes into packed_values_
  void store_float(int64_t first, View<const float> keys, View<const float> values, Compute& compute);
  void attend_packed(View<const float> queries, View<float> out, Compute& compute) const;
  void attend_float(View<const float> queries, View<float> out, Compute& compute) const;
  // Queries [tokens] of one head, `scratch` of scratch_floats().
  void attend_tile(View<const float> queries, int64_t head, View<float> out, float* scratch,
                   const OpTable& ops) const;
  int64_t scratch_floats() const;

  const int64_t patches_, heads_, dim_;
  const PackedKernel* const kernel_;
  const int64_t key_cols_;    // dim_, rounded up to what a packed row may have
  const int64_t value_cols_;  // patches_, likewise
  const int64_t value_strips_;
  int64_t key_strip_bytes_ = 0, value_strip_bytes_ = 0;
  AlignedBuffer<std::byte> packed_keys_;    // [heads, value_cols / 16] strips
  AlignedBuffer<std::byte> packed_values_;  // [heads, value_strips] strips
  AlignedBuffer<float> keys_, values_;      // [heads, patches, hd] without a kernel
};

}  // namespace sirocco
