// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/matrix_loader.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "ops/pack.h"
#include "ops/select.h"

namespace sirocco {
namespace {

// Types that 16-bit integers hold well enough: what they round off is less than what narrowing to bf16 does.
bool is_wide(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f32;
}

}  // namespace

void MatrixLoader::place(Matrix& matrix, const WeightView& shape, const PackedKernel& kernel, PackStrip pack,
                         Room room) {
  const int64_t strip_bytes = packed_strip_bytes(shape.dtype, shape.cols);
  if (room == Room::own) {
    matrix.move_to(arena_.allocate(matrix.strips() * strip_bytes));
    if (!matrix.in_memory()) return;
  }
  matrix.shape_ = shape;
  matrix.strip_bytes_ = strip_bytes;
  matrix.kernel_ = &kernel;
  matrix.pack_ = std::move(pack);
}

Matrix MatrixLoader::settled(Matrix matrix) {
  if (matrix.promised())
    pool_.parallel_for(matrix.strips(), kPackGrain,
                       [&](int64_t begin, int64_t end, int) { matrix.pack_strips(begin, end); });
  matrix.settle();
  return matrix;
}

Matrix MatrixLoader::load(const WeightView& source) {
  return made(settled(place_any(source)));
}

Matrix MatrixLoader::promise(const WeightView& source) {
  if (packing_ == Packing::when_used) return made(place_any(source));
  return packing_ == Packing::in_turns ? made(place_any(source, Room::shared)) : load(source);
}

Matrix MatrixLoader::made(Matrix matrix) {
  if (!matrix.present()) return matrix;
  if (!matrix.packed())
    to_come_.mapped_bytes += static_cast<uint64_t>(matrix.source().bytes());
  else if (matrix.promised())
    to_come_.promised_bytes += static_cast<uint64_t>(matrix.bytes());
  if (progress_) progress_(static_cast<uint64_t>(matrix.source().bytes()));
  return matrix;
}

Matrix MatrixLoader::place_any(const WeightView& source, Room room) {
  Matrix matrix(source);
  if (!source.present() || !packs()) return matrix;
  const PackedKernel* kernel = find_packed_kernel(ops_, source.dtype, source.cols);
  // 16-bit integers may beat every kernel of bf16 but those of tiles.
  if (const PackedKernel* integers = find_packed_kernel(ops_, DType::i16_packed, source.cols);
      ops_.int16_weights && integers != nullptr && is_wide(source.dtype) &&
      (kernel == nullptr || ops_.bf16_tile_kernels == nullptr))
    return place_wide(source, source.cols, *integers, room);
  if (kernel != nullptr) place(matrix, source, *kernel, pack_strip, room);
  return matrix;
}

Matrix MatrixLoader::load_narrowed(const WeightView& source, int64_t cols) {
  cols = std::max(cols, source.cols);
  const PackedKernel* wide = packs() ? find_wide_kernel(ops_, cols) : nullptr;
  if (!source.present() || wide == nullptr || find_packed_kernel(ops_, source.dtype, source.cols) != nullptr)
    return load(source);
  return made(settled(place_wide(source, cols, *wide)));
}

Matrix MatrixLoader::load_floats(const float* values, int64_t rows, int64_t cols) {
  const PackedKernel* kernel = find_attention_kernel(ops_, cols);
  CHECK(packs() && kernel != nullptr);
  const Matrix matrix = settled(place_wide({.dtype = DType::f32,
                                            .rows = rows,
                                            .cols = cols,
                                            .data = reinterpret_cast<const std::byte*>(values),
                                            .row_stride_bytes = 4 * cols},
                                           cols, *kernel));
  CHECK(matrix.packed());  // so that its source is never read again
  return matrix;
}

Matrix MatrixLoader::place_wide(const WeightView& source, int64_t cols, const PackedKernel& kernel, Room room) {
  Matrix matrix(source);
  WeightView shape = source;  // its bytes are never read: they are not of this type
  shape.dtype = kernel.dtype;
  shape.cols = cols;
  shape.row_stride_bytes = 2 * cols;
  shape.scale = 1.0f;
  const auto pack = [cols, dtype = kernel.dtype, &ops = ops_](const WeightView& from, int64_t s, std::byte* out) {
    const int64_t rows = std::min<int64_t>(kStripRows, from.rows - kStripRows * s);
    std::vector<float> decoded(static_cast<size_t>(rows * from.cols));
    const View<float> x = make_view(decoded.data(), rows, from.cols);
    for (int64_t r = 0; r < rows; ++r) decode_row(from, kStripRows * s + r, x.row(r));
    for (int64_t begin = 0; begin < cols; begin += kRecordColumns)
      pack_floats(ops, dtype, x.slice_cols(begin, std::min<int64_t>(kRecordColumns, from.cols - begin)),
                  begin / kRecordColumns, cols, out);
  };
  place(matrix, shape, kernel, pack, room);
  return matrix;
}

}  // namespace sirocco
