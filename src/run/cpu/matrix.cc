// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/matrix.h"

#include <sys/mman.h>

#include <algorithm>

#include "ops/select.h"

namespace sirocco {
namespace {

constexpr int64_t kPieceBytes = int64_t{256} << 20;
constexpr int64_t kHugePageBytes = int64_t{2} << 20;
constexpr int64_t kPackGrain = 8;  // strips: some 300 KB

int64_t round_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

WeightArena::~WeightArena() {
  for (const Piece& piece : pieces_) ::munmap(piece.data, static_cast<size_t>(piece.size));
}

std::byte* WeightArena::allocate(int64_t bytes) {
  bytes = round_up(bytes, 64);
  if (pieces_.empty() || pieces_.back().size - pieces_.back().used < bytes) {
    const int64_t size = round_up(std::max(bytes, kPieceBytes), kHugePageBytes);
    void* address = ::mmap(nullptr, static_cast<size_t>(size), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) return nullptr;
    ::madvise(address, static_cast<size_t>(size), MADV_HUGEPAGE);  // a wish: without it things still work
    pieces_.push_back({static_cast<std::byte*>(address), size, 0});
  }
  Piece& piece = pieces_.back();
  std::byte* data = piece.data + piece.used;
  piece.used += bytes;
  return data;
}

PackedStrip Matrix::strip(int64_t index) const {
  return packed_strip(source_, index, data_ + index * strip_bytes_);
}

Matrix MatrixLoader::load(const WeightView& source) {
  Matrix matrix(source);
  if (!source.present()) return matrix;
  const PackedKernel* kernel = pack_ ? find_packed_kernel(ops_, source.dtype, source.cols) : nullptr;
  if (kernel != nullptr) {
    matrix.strip_bytes_ = packed_strip_bytes(source.dtype, source.cols);
    std::byte* data = arena_.allocate(matrix.strips() * matrix.strip_bytes_);
    if (data != nullptr) {
      pool_.parallel_for(matrix.strips(), kPackGrain, [&](int64_t begin, int64_t end, int) {
        for (int64_t s = begin; s < end; ++s) pack_strip(source, s, data + s * matrix.strip_bytes_);
      });
      matrix.data_ = data;
      matrix.kernel_ = kernel;
    }
  }
  if (progress_) progress_(static_cast<uint64_t>(source.bytes()));
  return matrix;
}

}  // namespace sirocco
