// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/vision_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "ops/pack.h"
#include "run/cpu/packed_rows.h"
#include "run/cpu/softmax_rows.h"
#include "run/cpu/tiling.h"

namespace sirocco {
namespace {

constexpr int64_t kFloatQueries = 16;  // of one task without packed keys
constexpr int64_t kFloatKeys = 256;    // of one tile of scores then

int64_t records_of(int64_t cols) {
  return (cols + kRecordColumns - 1) / kRecordColumns;
}

}  // namespace

VisionKeys::VisionKeys(int64_t patches, int64_t heads, int64_t head_dim, const PackedKernel* kernel)
    : patches_(patches),
      heads_(heads),
      dim_(head_dim),
      kernel_(kernel),
      key_cols_(packed_columns(head_dim)),
      value_cols_(packed_columns(patches)),
      value_strips_((head_dim + kStripRows - 1) / kStripRows) {
  if (kernel_ == nullptr) {
    keys_ = AlignedBuffer<float>(heads * patches * head_dim);
    values_ = AlignedBuffer<float>(heads * patches * head_dim);
    return;
  }
  key_strip_bytes_ = packed_strip_bytes(kernel_->dtype, key_cols_);
  value_strip_bytes_ = packed_strip_bytes(kernel_->dtype, value_cols_);
  packed_keys_ = AlignedBuffer<std::byte>(key_at(heads, 0));
  packed_values_ = AlignedBuffer<std::byte>(value_at(heads, 0));
}

int64_t VisionKeys::key_at(int64_t head, int64_t strip) const {
  return (head * (value_cols_ / kStripRows) + strip) * key_strip_bytes_;
}

int64_t VisionKeys::value_at(int64_t head, int64_t strip) const {
  return (head * value_strips_ + strip) * value_strip_bytes_;
}

void VisionKeys::store(int64_t first, View<const float> keys, View<const float> values, Compute& compute) {
  CHECK(first % kGranule == 0 && (keys.rows % kGranule == 0 || first + keys.rows == patches_));
  if (kernel_ == nullptr) return store_float(first, keys, values, compute);
  const int64_t blocks = (keys.rows + kGranule - 1) / kGranule;
  compute.pool.parallel_for(heads_ * blocks, 1, [&](int64_t task, int64_t, int) {
    const int64_t h = task / blocks, begin = task % blocks * kGranule;
    const int64_t count = std::min(kGranule, keys.rows - begin);
    pack_rows(compute.ops, kernel_->dtype, keys.slice_rows(begin, count).slice_cols(h * dim_, dim_), key_cols_,
              packed_keys_.data() + key_at(h, (first + begin) / kStripRows));
    pack_columns(compute.ops, kernel_->dtype, values.slice_rows(begin, count).slice_cols(h * dim_, dim_),
                 (first + begin) / kGranule, value_cols_, packed_values_.data() + value_at(h, 0));
  });
}

void VisionKeys::store_float(int64_t first, View<const float> keys, View<const float> values,
                             Compute& compute) {
  compute.pool.parallel_for(keys.rows, kStripRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t h = 0; h < heads_; ++h) {
        const int64_t to = (h * patches_ + first + t) * dim_;
        std::copy_n(keys.row(t) + h * dim_, dim_, keys_.data() + to);
        std::copy_n(values.row(t) + h * dim_, dim_, values_.data() + to);
      }
  });
}

void VisionKeys::attend(View<float> queries, View<float> out, Compute& compute) const {
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim_));
  compute.pool.parallel_for(queries.rows, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = 0; i < queries.cols; ++i) queries.at(t, i) *= scale;
  });
  if (kernel_ == nullptr) return attend_float(queries, out, compute);
  attend_packed(queries, out, compute);
}

void VisionKeys::attend_float(View<const float> queries, View<float> out, Compute& compute) const {
  const int64_t groups = (queries.rows + kFloatQueries - 1) / kFloatQueries;
  compute.pool.parallel_for(heads_ * groups, 1, [&](int64_t task, int64_t, int worker) {
    const int64_t h = task / groups, begin = task % groups * kFloatQueries;
    const int64_t count = std::min(kFloatQueries, queries.rows - begin);
    const View<const float> q = queries.slice_rows(begin, count).slice_cols(h * dim_, dim_);
    const View<float> sums = out.slice_rows(begin, count).slice_cols(h * dim_, dim_);
    const View<float> scores =
        make_view(compute.scratch(worker, kFloatQueries * kFloatKeys), count, kFloatKeys);
    const View<const float> keys = make_view<const float>(keys_.data() + h * patches_ * dim_, patches_, dim_);
    const View<const float> values =
        make_view<const float>(values_.data() + h * patches_ * dim_, patches_, dim_);
    SoftmaxRows softmax(sums, compute.ops);
    for (int64_t l = 0; l < patches_; l += kFloatKeys) {
      const int64_t tile = std::min(kFloatKeys, patches_ - l);
      const View<float> s = scores.slice_cols(0, tile);
      compute.ops.product(q, keys.slice_rows(l, tile), s);
      softmax.add(s, values.slice_rows(l, tile));
    }
    softmax.finish();
  });
}

// Query records, scores, probability records and sums of one tile.
int64_t VisionKeys::scratch_floats() const {
  const int64_t record_floats = record_bytes(kernel_->records) / static_cast<int64_t>(sizeof(float));
  const int64_t query_blocks = records_of(key_cols_);
  const int64_t key_blocks = records_of(value_cols_);
  return kMaxTile * ((query_blocks + key_blocks) * record_floats + value_cols_ + value_strips_ * kStripRows);
}

void VisionKeys::attend_packed(View<const float> queries, View<float> out, Compute& compute) const {
  const Tiling tiles(queries.rows);
  // One head after the other: its keys and values stay in the cache.
  compute.pool.parallel_for(heads_ * tiles.count(), 1, [&](int64_t task, int64_t, int worker) {
    const int64_t h = task / tiles.count();
    const auto [first, tokens] = tiles[task % tiles.count()];
    attend_tile(queries.slice_rows(first, tokens).slice_cols(h * dim_, dim_), h,
                out.slice_rows(first, tokens).slice_cols(h * dim_, dim_),
                compute.scratch(worker, scratch_floats()), compute.ops);
  });
}

void VisionKeys::attend_tile(View<const float> queries, int64_t head, View<float> out, float* scratch,
                             const OpTable& ops) const {
  const auto tokens = static_cast<int>(queries.rows);
  const int64_t query_blocks = records_of(key_cols_);
  const int64_t key_blocks = records_of(value_cols_);
  const int64_t bytes = record_bytes(kernel_->records);
  auto* query_records = reinterpret_cast<std::byte*>(scratch);  // [blocks, tokens]
  std::byte* records = query_records + query_blocks * kMaxTile * bytes;
  auto* after = reinterpret_cast<float*>(records + key_blocks * kMaxTile * bytes);
  const View<float> scores = make_view(after, tokens, value_cols_);
  const View<float> sums = make_view(after + kMaxTile * value_cols_, tokens, value_strips_ * kStripRows);

  std::memset(query_records, 0, static_cast<size_t>(query_blocks * tokens * bytes));
  const auto narrow = [&](const float* row, int64_t size, std::byte* to, int t) {
    for (int64_t begin = 0; begin < size; begin += kRecordColumns)
      narrow_to_record(ops, kernel_->records, row + begin, std::min<int64_t>(kRecordColumns, size - begin),
                       to + (begin / kRecordColumns * tokens + t) * bytes);
  };
  for (int t = 0; t < tokens; ++t) narrow(queries.row(t), dim_, query_records, t);
  multiply_rows(*kernel_, packed_keys_.data() + key_at(head, 0), patches_, key_cols_, query_records, scores);
  float total[kMaxTile];
  for (int t = 0; t < tokens; ++t) {
    float* row = scores.row(t);
    total[t] = ops.exp_minus(row, patches_, ops.largest(row, patches_));
    std::fill(row + patches_, row + value_cols_, 0.0f);
    narrow(row, value_cols_, records, t);
  }
  multiply_rows(*kernel_, packed_values_.data() + value_at(head, 0), dim_, value_cols_, records, sums);
  for (int t = 0; t < tokens; ++t)
    for (int64_t c = 0; c < dim_; ++c) out.at(t, c) = sums.at(t, c) / total[t];
}

}  // namespace sirocco
