// SPDX-License-Identifier: Apache-2.0
// MatrixLoader: makes matrices while a model loads: chooses the kernel of each, takes room for it and packs it, or
// promises to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/thread_pool.h"
#include "ops/table.h"
#include "run/cpu/matrix.h"
#include "run/cpu/packing_plan.h"
#include "run/cpu/weight_arena.h"
#include "run/model.h"
#include "tensor/weight_view.h"

namespace sirocco {

inline constexpr int64_t kPackGrain = 8;  // strips that a worker packs at a time: some 300 KB

class MatrixLoader {
 public:
  // `progress` is told the bytes of each matrix.
  MatrixLoader(const OpTable& ops, Packing packing, WeightArena& arena, ThreadPool& pool,
               std::function<void(uint64_t bytes)> progress)
      : ops_(ops), packing_(packing), arena_(arena), pool_(pool), progress_(std::move(progress)) {}

  bool packs() const { return packing_ != Packing::none; }
  Matrix load(const WeightView& source);  // absent in, absent out
  // The same for routed experts: with Packing::when_used it is only promised, with in_turns it is nowhere yet. The
  // source must live as long as that.
  Matrix promise(const WeightView& source);
  // The same; but types without a packed kernel become the 16-bit type that has one, and get zero columns up to
  // `cols` then, the next multiple of 32 at most (0: as many as there are).
  Matrix load_narrowed(const WeightView& source, int64_t cols = 0);
  // [rows, cols] for find_attention_kernel. The numbers need not live on. REQUIRES: packs(), and that there is one.
  Matrix load_floats(const float* values, int64_t rows, int64_t cols);
  WeightMemory to_come() const { return to_come_; }  // of all that were made

 private:
  enum class Room { own, shared };

  // As decoded rows in the 16-bit type of `kernel`. REQUIRES: cols is source.cols, rounded up to at most the next
  // multiple of 32.
  Matrix place_wide(const WeightView& source, int64_t cols, const PackedKernel& kernel, Room room = Room::own);
  // Takes room for strips that `pack` writes, if it is theirs alone; `shape` tells rows, columns and type.
  void place(Matrix& matrix, const WeightView& shape, const PackedKernel& kernel, PackStrip pack, Room room);
  Matrix place_any(const WeightView& source, Room room = Room::own);
  Matrix settled(Matrix matrix);  // packs it now
  Matrix made(Matrix matrix);     // counts it

  const OpTable& ops_;
  const Packing packing_;
  WeightArena& arena_;
  ThreadPool& pool_;
  std::function<void(uint64_t)> progress_;
  WeightMemory to_come_;
};

}  // namespace sirocco
