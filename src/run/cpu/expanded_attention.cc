// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/expanded_attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "ops/pack.h"
#include "ops/select.h"
#include "run/cpu/packed_rows.h"
#include "run/cpu/tiling.h"

namespace sirocco {
namespace {

constexpr int64_t kBlockKeys = kRecordColumns;  // of one record of probabilities
constexpr int64_t kStepKeys = 16 * kBlockKeys;  // whose latents are narrowed at a time, 2 MB of them

int64_t floats_for(int64_t bytes) {  // in whole lines
  return (bytes + 63) / 64 * 16;
}

}  // namespace

struct ExpandedAttention::Block {
  View<float> wide;    // keys [kBlockKeys, N + R], then values [kBlockKeys, V], before they are packed
  std::byte* keys;     // [kBlockKeys / 16] strips of key_cols_
  std::byte* values;   // [V / 16] strips of value_cols()
  std::byte* records;  // [kMaxTile], of queries, then of probabilities
  View<float> scores;  // [kMaxTile, kBlockKeys]
  View<float> part;    // [kMaxTile, V]
  int64_t first = 0, count = 0;  // keys
  int64_t value_cols() const { return packed_columns(count); }
};

struct ExpandedAttention::Step {
  int64_t begin, end;  // keys
  bool first, last;
};

bool ExpandedAttention::fits(const Config& config, const OpTable& ops) {
  return config.nope_dim % kStripRows == 0 && config.v_head_dim % kStripRows == 0 &&
         config.nope_dim + config.rope_dim <= kRecordColumns &&
         find_attention_kernel(ops, config.kv_lora_rank) != nullptr &&
         find_attention_kernel(ops, kRecordColumns) != nullptr;
}

ExpandedAttention::ExpandedAttention(const Config& config, const float* k_up, const Matrix& v_up,
                                     MatrixLoader& loader)
    : H(config.heads),
      C(config.kv_lora_rank),
      R(config.rope_dim),
      N(config.nope_dim),
      V(config.v_head_dim),
      kernel_(&v_up.kernel()),
      key_cols_(packed_columns(N + R)),
      k_up_(loader.load_floats(k_up, H * N, C)),
      v_up_(v_up) {
  CHECK(&k_up_.kernel() == kernel_ && v_up.rows() == H * V);
}

int64_t ExpandedAttention::scratch_floats() const {
  return kBlockKeys * std::max(N + R, V) +
         floats_for(kBlockKeys / kStripRows * packed_strip_bytes(kernel_->dtype, key_cols_)) +
         floats_for(V / kStripRows * packed_strip_bytes(kernel_->dtype, kBlockKeys)) +
         floats_for(kMaxTile * record_bytes(kernel_->records)) + kMaxTile * (kBlockKeys + V);
}

ExpandedAttention::Block ExpandedAttention::carve(float* scratch) const {
  Block block;
  const auto take = [&](int64_t floats) { return std::exchange(scratch, scratch + floats); };
  const auto take_bytes = [&](int64_t bytes) { return reinterpret_cast<std::byte*>(take(floats_for(bytes))); };
  block.wide = make_view(take(kBlockKeys * std::max(N + R, V)), kBlockKeys, N + R);
  block.keys = take_bytes(kBlockKeys / kStripRows * packed_strip_bytes(kernel_->dtype, key_cols_));
  block.values = take_bytes(V / kStripRows * packed_strip_bytes(kernel_->dtype, kBlockKeys));
  block.records = take_bytes(kMaxTile * record_bytes(kernel_->records));
  block.scores = make_view(take(kMaxTile * kBlockKeys), kMaxTile, kBlockKeys);
  block.part = make_view(take(kMaxTile * V), kMaxTile, V);
  return block;
}

void ExpandedAttention::run(const SequenceSpan& span, int64_t layer, const LatentCache& cache, Workspace& work,
                            Compute& compute) const {
  const int64_t keys = span.cached_tokens + span.rows;
  compute.reserve_expanded(kernel_->records, std::min(keys, kStepKeys), C, R, H * span.rows);
  for (int64_t begin = 0; begin < keys; begin += kStepKeys) {
    const int64_t end = std::min(keys, begin + kStepKeys);
    const Step step{.begin = begin, .end = end, .first = begin == 0, .last = end == keys};
    load(span, step, layer, cache, compute);
    attend(span, step, work, compute);
  }
}

// compute.key_records [keys of the step], narrowed latents in tiles that no block of keys shares with another, and
// compute.key_ropes [keys, R].
void ExpandedAttention::load(const SequenceSpan& span, const Step& step, int64_t layer, const LatentCache& cache,
                             Compute& compute) const {
  const int64_t blocks = (step.end - step.begin + kBlockKeys - 1) / kBlockKeys;
  compute.pool.parallel_for(blocks, 1, [&](int64_t block, int64_t, int worker) {
    const int64_t begin = step.begin + block * kBlockKeys, count = std::min(kBlockKeys, step.end - begin);
    const int64_t at = begin - step.begin;
    float* scratch = compute.scratch(worker, kBlockKeys * (C + R));
    for (int64_t l = 0; l < count; l += LatentCache::kTokens) {
      const int64_t tokens = std::min(LatentCache::kTokens, count - l);
      const int32_t page = span.page_table[static_cast<size_t>((begin + l) / LatentCache::kTokens)];
      float* rows = scratch + l * (C + R);
      const View<const float> loaded = cache.load(page, layer, tokens, rows, compute.ops);
      if (loaded.data != rows) std::copy_n(loaded.data, tokens * (C + R), rows);
      for (int64_t i = 0; i < tokens; ++i)
        std::copy_n(rows + i * (C + R) + C, R, compute.key_ropes.data() + (at + l + i) * R);
    }
    for (const TokenTile& tile : Tiling(count))
      for (int i = 0; i < tile.tokens; ++i)
        compute.key_records.narrow(compute.ops, scratch + (tile.first + i) * (C + R), C, at + tile.first, tile.tokens,
                                   i);
  });
}

void ExpandedAttention::attend(const SequenceSpan& span, const Step& step, Workspace& work, Compute& compute) const {
  const Tiling tiles(span.rows);
  // A head's keys are expanded once, unless there are more workers than heads.
  const int64_t parts = std::min(tiles.count(), (static_cast<int64_t>(compute.pool.size()) + H - 1) / H);
  compute.pool.parallel_for(H * parts, 1, [&](int64_t task, int64_t, int worker) {
    const int64_t h = task / parts, part = task % parts;
    const auto own = tiles.slice(part * tiles.count() / parts, (part + 1) * tiles.count() / parts);
    Block block = carve(compute.scratch(worker, scratch_floats()));
    std::memset(block.records, 0, static_cast<size_t>(kMaxTile * record_bytes(kernel_->records)));
    const auto each_row = [&](auto what) {
      for (const TokenTile& tile : own)
        for (int64_t i = tile.first; i < tile.first + tile.tokens; ++i)
          what(work.attended.data() + ((span.first_row + i) * H + h) * V, compute.softmax_states[h * span.rows + i]);
    };
    if (step.first)
      each_row([&](float* sums, SoftmaxState& state) {
        std::fill_n(sums, V, 0.0f);
        state = {};
      });
    for (int64_t begin = step.begin; begin < step.end; begin += kBlockKeys) {
      block.first = begin;
      block.count = std::min(kBlockKeys, step.end - begin);
      if (span.cached_tokens + own.back().first + own.back().tokens <= begin) break;  // nobody sees so far
      expand(h, begin - step.begin, block, compute);
      for (const TokenTile& tile : own)
        if (span.cached_tokens + tile.first + tile.tokens > begin)
          attend_block(h, span, tile.first, tile.tokens, block, work, compute);
    }
    if (step.last)
      each_row([&](float* sums, const SoftmaxState& state) {
        for (int64_t c = 0; c < V; ++c) sums[c] /= state.total;
      });
  });
}

// Keys `begin` … of the step, of one head.
void ExpandedAttention::expand(int64_t head, int64_t begin, const Block& block, Compute& compute) const {
  const auto multiply = [&](const Matrix& weight, int64_t rows, View<float> y) {
    for (const TokenTile& tile : Tiling(block.count))
      for (int64_t s = 0; s < rows / kStripRows; ++s)
        kernel_->multiply(weight.strip(head * rows / kStripRows + s), compute.key_records.tile(begin + tile.first),
                          tile.tokens, y.row(tile.first) + kStripRows * s, y.stride);
  };
  multiply(k_up_, N, block.wide);
  for (int64_t l = 0; l < block.count; ++l)
    std::copy_n(compute.key_ropes.data() + (begin + l) * R, R, block.wide.row(l) + N);
  pack_rows(compute.ops, kernel_->dtype, block.wide.slice_rows(0, block.count), key_cols_, block.keys);
  const View<float> values = make_view(block.wide.data, block.count, V);
  multiply(v_up_, V, values);
  pack_columns(compute.ops, kernel_->dtype, values, 0, block.value_cols(), block.values);
}

void ExpandedAttention::attend_block(int64_t head, const SequenceSpan& span, int64_t first, int tokens,
                                     const Block& block, Workspace& work, Compute& compute) const {
  const OpTable& ops = compute.ops;
  const int64_t bytes = record_bytes(kernel_->records);
  for (int t = 0; t < tokens; ++t)
    narrow_to_record(ops, kernel_->records,
                     work.queries.data() + ((span.first_row + first + t) * H + head) * (N + R), N + R,
                     block.records + t * bytes);
  multiply_rows(*kernel_, block.keys, block.count, key_cols_, block.records, block.scores.slice_rows(0, tokens));
  const int64_t cols = block.value_cols();
  for (int t = 0; t < tokens; ++t) {
    float* scores = block.scores.row(t);
    const int64_t seen =
        std::clamp<int64_t>(span.cached_tokens + first + t + 1 - block.first, 0, block.count);
    std::fill(scores + seen, scores + cols, 0.0f);
    if (seen > 0) {
      SoftmaxState& state = compute.softmax_states[head * span.rows + first + t];
      const float max = std::max(state.max, ops.largest(scores, seen)), shrink = std::exp(state.max - max);
      state.total = state.total * shrink + ops.exp_minus(scores, seen, max);
      state.max = max;
      float* sums = work.attended.data() + ((span.first_row + first + t) * H + head) * V;
      if (shrink != 1.0f)
        for (int64_t c = 0; c < V; ++c) sums[c] *= shrink;
    }
    narrow_to_record(ops, kernel_->records, scores, cols, block.records + t * bytes);
  }
  multiply_rows(*kernel_, block.values, V, cols, block.records, block.part.slice_rows(0, tokens));
  const float one = 1.0f;
  for (int t = 0; t < tokens; ++t)
    ops.accumulate(make_view(&one, 1, 1), block.part.slice_rows(t, 1),
                   make_view(work.attended.data() + ((span.first_row + first + t) * H + head) * V, 1, V));
}

}  // namespace sirocco
