// SPDX-License-Identifier: Apache-2.0
// Matrix: one weight matrix ready for products, either packed for the chosen kernels (ops/packed.h) or left
// where the checkpoint maps it, to be decoded panel by panel. Packed strips lie in a WeightArena; a promised matrix has
// its place there, but is only packed before its next use. MatrixLoader makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "ops/table.h"
#include "tensor/weight_view.h"

namespace sirocco {

struct RecordTile {
  const std::byte* records;
  int tokens;
  int64_t first;  // token
};

// Packs one strip of a matrix that has the source's shape and bytes.
using PackStrip = std::function<void(const WeightView& source, int64_t strip, std::byte* out)>;

class Matrix {
 public:
  Matrix() = default;
  explicit Matrix(const WeightView& source) : source_(source), shape_(source) {}

  bool present() const { return source_.present(); }
  bool packed() const { return kernel_ != nullptr; }
  int64_t rows() const { return shape_.rows; }
  int64_t cols() const { return shape_.cols; }  // packed ones may have some more than the source, zeros
  const WeightView& source() const { return source_; }  // as the checkpoint has it
  // What one pass reads.
  int64_t bytes() const { return packed() ? strips() * strip_bytes_ : source_.bytes(); }

  // A promised matrix that nobody has used yet: its strips must be packed, all of them once, and then settled.
  bool promised() const { return promised_; }
  void pack_strips(int64_t begin, int64_t end) const;
  void settle() {
    promised_ = false;
    read_at_ = nullptr;
  }

  // Of packed matrices that have no place of their own: where they lie from now on, promised; null: nowhere.
  void move_to(std::byte* place);
  bool in_memory() const { return data_ != nullptr; }
  // Where the file's bytes were read to; null: where the checkpoint maps them. Until settle().
  void read_from(const std::byte* bytes) { read_at_ = bytes; }

  // Of packed matrices only.
  const PackedKernel& kernel() const { return *kernel_; }
  int64_t strips() const { return (shape_.rows + kStripRows - 1) / kStripRows; }
  PackedStrip strip(int64_t index) const;
  // y[t, 16 · begin …] = strips begin … end · x[t] for the tokens t of all tiles.
  void multiply(int64_t begin, int64_t end, std::span<const RecordTile> tiles, float* y, int64_t y_stride) const;
  // Whether so many tokens' tiles had best take a pair of strips in turn, each asking for its share of the next pair:
  // they are many enough to take as long as weights come from memory, and few enough for their records to stay near.
  bool asks_ahead(int64_t tokens) const {
    return kernel_->asks_ahead && tokens > kMemoryBoundTokens && tokens <= 4 * kMaxTile;
  }
  // Strip `index` for tile `i` of `n`, of which each asks for its share of strip `next`, if that is before `end`.
  PackedStrip strip_asking(int64_t index, int64_t next, int64_t end, size_t i, size_t n) const;

 private:
  friend class MatrixLoader;
  WeightView source_;
  WeightView shape_;  // rows, columns, type and scale of the strips; its bytes are not read
  const PackedKernel* kernel_ = nullptr;
  std::byte* data_ = nullptr;
  int64_t strip_bytes_ = 0;
  bool promised_ = false;
  const std::byte* read_at_ = nullptr;
  PackStrip pack_;
};

}  // namespace sirocco
