// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/activations.h"

#include <algorithm>
#include <cstring>

namespace sirocco {

int next_tile(int64_t left, int most, int multiple) {
  if (most > kMaxTile) {
    const int64_t tiles = (left + most - 1) / most, size = (left + tiles - 1) / tiles;
    return static_cast<int>(std::min(left, (size + multiple - 1) / multiple * multiple));
  }
  if (left > 2 * kMaxTile) return kMaxTile;
  const int count = static_cast<int>(left);
  if (is_tile_size(count)) return count;
  for (const int size : {4, 5, 6, 8, 10, 12})  // two tiles as equal as can be: one or two tokens are dear
    if (2 * size >= count && is_tile_size(count - size)) return size;
  return 8;
}

int64_t record_bytes(RecordKind kind) {
  switch (kind) {
    case RecordKind::bf16:
      return sizeof(Bf16Record);
    case RecordKind::f32:
      return sizeof(F32Record);
    case RecordKind::bf16_pair:
      return sizeof(Bf16PairRecord);
    case RecordKind::int16_per_256:
      return sizeof(Int16Record);
    default:
      return sizeof(Int8Record);
  }
}

namespace {

void narrow_to_pair(const OpTable& ops, const float* x, int64_t cols, Bf16PairRecord* record) {
  float rest[kRecordColumns];
  ops.f32_to_bf16(x, cols, record->upper);
  ops.bf16_to_f32(record->upper, cols, rest);
  for (int64_t i = 0; i < cols; ++i) rest[i] = x[i] - rest[i];
  ops.f32_to_bf16(rest, cols, record->lower);
}

}  // namespace

void narrow_to_record(const OpTable& ops, RecordKind kind, const float* x, int64_t cols, std::byte* record) {
  if (kind == RecordKind::int16_per_256)
    ops.int16_kernels->to_int16(x, cols, reinterpret_cast<Int16Record*>(record), 1);
  else if (kind == RecordKind::bf16_pair)
    narrow_to_pair(ops, x, cols, reinterpret_cast<Bf16PairRecord*>(record));
  else if (kind == RecordKind::f32)
    std::copy(x, x + cols, reinterpret_cast<F32Record*>(record)->values);
  else
    ops.f32_to_bf16(x, cols, reinterpret_cast<Bf16Record*>(record)->values);
}

void Activations::resize(RecordKind kind, int64_t tokens, int64_t cols) {
  kind_ = kind;
  blocks_ = (cols + kRecordColumns - 1) / kRecordColumns;
  record_bytes_ = record_bytes(kind);
  const int64_t bytes = tokens * blocks_ * record_bytes_;
  if (data_.size() < bytes) data_ = AlignedBuffer<std::byte>(bytes);
}

void Activations::narrow(const OpTable& ops, const float* x, int64_t cols, int64_t first, int tokens,
                         int64_t index) {
  std::byte* out = record(first, index);
  if (is_int8(kind_))
    return ops.int8_kernels->to_int8(x, cols, kind_, reinterpret_cast<Int8Record*>(out), tokens);
  for (int64_t begin = 0; begin < cols; begin += kRecordColumns, out += tokens * record_bytes_)
    narrow_to_record(ops, kind_, x + begin, std::min<int64_t>(kRecordColumns, cols - begin), out);
}

void Activations::copy(const Activations& source, int64_t from, int64_t first, int tokens, int64_t index) {
  const std::byte* in = source.tile(from);
  std::byte* out = record(first, index);
  for (int64_t b = 0; b < blocks_; ++b, in += record_bytes_, out += tokens * record_bytes_)
    std::memcpy(out, in, static_cast<size_t>(record_bytes_));
}

}  // namespace sirocco
