// SPDX-License-Identifier: Apache-2.0
// Matrix: one weight matrix ready for products, either packed for the chosen kernels (ops/packed.h) or left
// where the checkpoint maps it, to be decoded panel by panel. Packed strips lie in a WeightArena; a promised matrix has
// its place there, but is only packed before its first use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "base/reserved_memory.h"
#include "base/thread_pool.h"
#include "ops/table.h"
#include "tensor/weight_view.h"

namespace sirocco {

// Memory for packed weights: taken in large pieces with huge pages, released all at once.
class WeightArena {
 public:
  std::byte* allocate(int64_t bytes);  // 64-byte aligned; null when the system has no more

 private:
  struct Piece {
    ReservedMemory memory;
    int64_t used;
  };
  std::vector<Piece> pieces_;
};

struct RecordTile {
  const std::byte* records;
  int tokens;
  int64_t first;  // token
};

class Matrix {
 public:
  Matrix() = default;
  explicit Matrix(const WeightView& source) : source_(source) {}

  bool present() const { return source_.present(); }
  bool packed() const { return kernel_ != nullptr; }
  int64_t rows() const { return source_.rows; }
  int64_t cols() const { return source_.cols; }
  const WeightView& source() const { return source_; }
  // What one pass reads.
  int64_t bytes() const { return packed() ? strips() * strip_bytes_ : source_.bytes(); }

  // A promised matrix that nobody has used yet: its strips must be packed, all of them once, and then settled.
  bool promised() const { return pack_ != nullptr; }
  void pack_strips(int64_t begin, int64_t end) const;
  void settle() { pack_ = nullptr; }

  // Of packed matrices only.
  const PackedKernel& kernel() const { return *kernel_; }
  int64_t strips() const { return (source_.rows + kStripRows - 1) / kStripRows; }
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
  const PackedKernel* kernel_ = nullptr;
  std::byte* data_ = nullptr;
  int64_t strip_bytes_ = 0;
  std::function<void(int64_t strip, std::byte* out)> pack_;  // of promised ones
};

inline constexpr int64_t kPackGrain = 8;  // strips that a worker packs at a time: some 300 KB

enum class Packing {
  none,       // every matrix stays where it is
  at_once,    // while the model loads
  when_used,  // the same, but promised matrices before their first use
};

// Makes matrices while a model loads.
class MatrixLoader {
 public:
  // `progress` is told the bytes of each matrix.
  MatrixLoader(const OpTable& ops, Packing packing, WeightArena& arena, ThreadPool& pool,
               std::function<void(uint64_t bytes)> progress)
      : ops_(ops), packing_(packing), arena_(arena), pool_(pool), progress_(std::move(progress)) {}

  bool packs() const { return packing_ != Packing::none; }
  Matrix load(const WeightView& source);  // absent in, absent out
  // The same, but with Packing::when_used it is only promised. The source must live as long as that.
  Matrix promise(const WeightView& source);
  // The same; but types without a packed kernel become the 16-bit type that has one, and get zero columns up to
  // `cols` then, the next multiple of 32 at most (0: as many as there are).
  Matrix load_narrowed(const WeightView& source, int64_t cols = 0);
  // [rows, cols] for find_attention_kernel. The numbers need not live on. REQUIRES: packs(), and that there is one.
  Matrix load_floats(const float* values, int64_t rows, int64_t cols);

 private:
  // As decoded rows in the 16-bit type of `kernel`. REQUIRES: cols is source.cols, rounded up to at most the next
  // multiple of 32.
  Matrix place_wide(const WeightView& source, int64_t cols, const PackedKernel& kernel);
  // Takes room for strips that `pack` writes; `shape` tells rows, columns and type.
  void place(Matrix& matrix, const WeightView& shape, const PackedKernel& kernel,
             std::function<void(int64_t strip, std::byte* out)> pack);
  Matrix place_any(const WeightView& source);
  Matrix settled(Matrix matrix);  // packs it now

  const OpTable& ops_;
  const Packing packing_;
  WeightArena& arena_;
  ThreadPool& pool_;
  std::function<void(uint64_t)> progress_;
};

}  // namespace sirocco
