// SPDX-License-Identifier: Apache-2.0
// Activations: rows of x narrowed to what packed kernels read, in tiles of up to kMaxTile tokens. A tile's
// records lie block by block, [ceil(K / 256), tokens], so that a kernel addresses them with constants.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "base/view.h"
#include "ops/table.h"

namespace sirocco {

// The size of the next tile when `left` tokens remain: sizes are even, so that no tile is left tiny. `most` and
// `multiple`: what the kernels take at most and what suits them, as PackedKernel has it.
int next_tile(int64_t left, int most = kMaxTile, int multiple = 1);

int64_t record_bytes(RecordKind kind);

// x[cols], cols <= kRecordColumns, into one record of kind bf16, bf16_pair, f32 or int16; what lies behind cols is
// left as it is, or zero up to a multiple of 32.
void narrow_to_record(const OpTable& ops, RecordKind kind, const float* x, int64_t cols, std::byte* record);

class Activations {
 public:
  // Makes room for `tokens` rows of `cols`; contents are undefined.
  void resize(RecordKind kind, int64_t tokens, int64_t cols);

  // Writes row x[cols] as token `index` of the tile of `tokens` that begins at token `first`. cols may be
  // less than what room was made for: the blocks behind are then left as they are.
  void narrow(const OpTable& ops, const float* x, int64_t cols, int64_t first, int tokens, int64_t index);
  // The same, from token `from` of `source`, where every token is a tile of its own.
  void copy(const Activations& source, int64_t from, int64_t first, int tokens, int64_t index);

  const std::byte* tile(int64_t first) const { return data_.data() + first * blocks_ * record_bytes_; }
  RecordKind kind() const { return kind_; }

 private:
  std::byte* record(int64_t first, int64_t index) {
    return data_.data() + (first * blocks_ + index) * record_bytes_;
  }

  RecordKind kind_ = RecordKind::bf16;
  int64_t blocks_ = 0, record_bytes_ = 0;
  AlignedBuffer<std::byte> data_;
};

}  // namespace sirocco
