// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/matrix.h"

#include <algorithm>
#include <utility>

#include "ops/pack.h"
#include "ops/select.h"

namespace sirocco {
namespace {

constexpr int64_t kPieceBytes = int64_t{256} << 20;
constexpr int64_t kHugePageBytes = int64_t{2} << 20;

// Types that 16-bit integers hold well enough: what they round off is less than what narrowing to bf16 does.
bool is_wide(DType dtype) {
  return dtype == DType::bf16 || dtype == DType::f16 || dtype == DType::f32;
}

int64_t round_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

std::byte* WeightArena::allocate(int64_t bytes) {
  bytes = round_up(bytes, 64);
  if (pieces_.empty() || pieces_.back().memory.size() - pieces_.back().used < bytes) {
    const int64_t size = round_up(std::max(bytes, kPieceBytes), kHugePageBytes);
    ReservedMemory memory(size, ReservedMemory::Pages::huge);
    if (memory.empty()) return nullptr;
    pieces_.push_back({std::move(memory), 0});
  }
  Piece& piece = pieces_.back();
  std::byte* data = piece.memory.data() + piece.used;
  piece.used += bytes;
  return data;
}

PackedStrip Matrix::strip(int64_t index) const {
  return packed_strip(source_, index, data_ + index * strip_bytes_);
}

PackedStrip Matrix::strip_asking(int64_t index, int64_t next, int64_t end, size_t i, size_t n) const {
  PackedStrip strip = this->strip(index);
  if (next >= end) return strip;
  const auto tiles = static_cast<int64_t>(n);
  strip.ahead_lines = (strip_bytes_ / 64 + tiles - 1) / tiles;
  strip.ahead = this->strip(next).lines + 64 * strip.ahead_lines * static_cast<int64_t>(i);
  return strip;
}

void Matrix::multiply(int64_t begin, int64_t end, std::span<const RecordTile> tiles, float* y,
                      int64_t y_stride) const {
  int64_t tokens = 0;
  for (const RecordTile& tile : tiles) tokens += tile.tokens;
  constexpr int64_t kPair = 2, kTogether = 8;
  const bool asks = asks_ahead(tokens);
  const int64_t step = asks ? kPair : kTogether;
  PackedStrip strips[kTogether];
  const auto run = [&](int64_t first, size_t i) {
    const int64_t count = std::min(step, end - first);
    for (int64_t j = first; j < first + count; ++j)
      strips[j - first] = asks ? strip_asking(j, j + kPair, end, i, tiles.size()) : strip(j);
    const RecordTile& tile = tiles[i];
    kernel_->run(strips, static_cast<int>(count), tile.records, tile.tokens,
                 y + tile.first * y_stride + kStripRows * first, y_stride);
  };
  if (asks) {
    for (int64_t first = begin; first < end; first += step)
      for (size_t i = 0; i < tiles.size(); ++i) run(first, i);
  } else {
    for (size_t i = 0; i < tiles.size(); ++i)
      for (int64_t first = begin; first < end; first += step) run(first, i);
  }
}

void Matrix::pack_strips(int64_t begin, int64_t end) const {
  for (int64_t s = begin; s < end; ++s) pack_(s, data_ + s * strip_bytes_);
}

void MatrixLoader::place(Matrix& matrix, const WeightView& shape, const PackedKernel& kernel,
                         std::function<void(int64_t, std::byte*)> pack) {
  const int64_t strip_bytes = packed_strip_bytes(shape.dtype, shape.cols);
  matrix.data_ = arena_.allocate(matrix.strips() * strip_bytes);
  if (matrix.data_ == nullptr) return;
  matrix.source_ = shape;
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
  Matrix matrix = settled(place_any(source));
  if (progress_ && source.present()) progress_(static_cast<uint64_t>(source.bytes()));
  return matrix;
}

Matrix MatrixLoader::promise(const WeightView& source) {
  if (packing_ != Packing::when_used) return load(source);
  if (progress_ && source.present()) progress_(static_cast<uint64_t>(source.bytes()));
  return place_any(source);
}

Matrix MatrixLoader::place_any(const WeightView& source) {
  Matrix matrix(source);
  if (!source.present() || !packs()) return matrix;
  const PackedKernel* kernel = find_packed_kernel(ops_, source.dtype, source.cols);
  // 16-bit integers may beat every kernel of bf16 but those of tiles.
  if (const PackedKernel* integers = find_packed_kernel(ops_, DType::i16_packed, source.cols);
      ops_.int16_weights && integers != nullptr && is_wide(source.dtype) &&
      (kernel == nullptr || ops_.bf16_tile_kernels == nullptr))
    return place_wide(source, source.cols, *integers);
  if (kernel != nullptr)
    place(matrix, source, *kernel, [source](int64_t s, std::byte* out) { pack_strip(source, s, out); });
  return matrix;
}

Matrix MatrixLoader::load_narrowed(const WeightView& source, int64_t cols) {
  cols = std::max(cols, source.cols);
  const PackedKernel* wide = packs() ? find_wide_kernel(ops_, cols) : nullptr;
  if (!source.present() || wide == nullptr || find_packed_kernel(ops_, source.dtype, source.cols) != nullptr)
    return load(source);
  if (progress_) progress_(static_cast<uint64_t>(source.bytes()));
  return settled(place_wide(source, cols, *wide));
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

Matrix MatrixLoader::place_wide(const WeightView& source, int64_t cols, const PackedKernel& kernel) {
  Matrix matrix(source);
  WeightView shape = source;  // its bytes are never read: they are not of this type
  shape.dtype = kernel.dtype;
  shape.cols = cols;
  shape.row_stride_bytes = 2 * cols;
  shape.scale = 1.0f;
  place(matrix, shape, kernel, [source, cols, dtype = kernel.dtype, &ops = ops_](int64_t s, std::byte* out) {
    const int64_t rows = std::min<int64_t>(kStripRows, source.rows - kStripRows * s);
    std::vector<float> decoded(static_cast<size_t>(rows * source.cols));
    const View<float> x = make_view(decoded.data(), rows, source.cols);
    for (int64_t r = 0; r < rows; ++r) decode_row(source, kStripRows * s + r, x.row(r));
    for (int64_t begin = 0; begin < cols; begin += kRecordColumns)
      pack_floats(ops, dtype, x.slice_cols(begin, std::min<int64_t>(kRecordColumns, source.cols - begin)),
                  begin / kRecordColumns, cols, out);
  });
  return matrix;
}

}  // namespace sirocco
