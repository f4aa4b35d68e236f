// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/absorbed_attention.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"
#include "ops/select.h"
#include "run/cpu/tiling.h"

namespace sirocco {
namespace {

constexpr int64_t kPartialsTogether = 1024;  // of all runs of a round: 34 MB
constexpr int64_t kRunKeys = AbsorbedAttention::kRunPages * LatentCache::kTokens;

int64_t runs_of(int64_t keys) {
  return (keys + kRunKeys - 1) / kRunKeys;
}

}  // namespace

bool AbsorbedAttention::fits(const Config& config, const OpTable& ops, CacheType cache_type) {
  const int64_t C = config.kv_lora_rank;
  return ops.latent != nullptr && cache_type != CacheType::f32 && C % 64 == 0 && C <= kMostLatent &&
         C + config.rope_dim <= kMostWidth && config.nope_dim <= kRecordColumns &&
         config.v_head_dim % kStripRows == 0 && find_attention_kernel(ops, C) != nullptr &&
         find_attention_kernel(ops, config.nope_dim) != nullptr;
}

AbsorbedAttention::AbsorbedAttention(const Config& config, const float* k_absorb, const float* v_up,
                                     MatrixLoader& loader)
    : H(config.heads),
      C(config.kv_lora_rank),
      R(config.rope_dim),
      N(config.nope_dim),
      V(config.v_head_dim),
      groups_((H + kHeadLanes - 1) / kHeadLanes),
      k_absorb_(loader.load_floats(k_absorb, H * C, N)),
      v_up_(loader.load_floats(v_up, H * V, C)) {}

void AbsorbedAttention::run(std::span<const SequenceSpan> spans, int64_t layer, const LatentCache& cache,
                            Workspace& work, Compute& compute) const {
  const int64_t first_row = spans.front().first_row, T = spans.back().first_row + spans.back().rows - first_row;
  compute.reserve_latent(T * groups_, T * H * C);
  const View<float> queries = work.queries.view(first_row + T, H * (N + R)).slice_rows(first_row, T);
  const View<float> attended = work.attended.view(first_row + T, H * V).slice_rows(first_row, T);
  absorb(queries, compute);
  std::vector<Rows> blocks;
  for (const SequenceSpan& span : spans)
    for (int64_t i = 0; i < span.rows; i += kRowsTogether)
      blocks.push_back({.span = &span,
                        .token = span.first_row - first_row + i,
                        .count = std::min(kRowsTogether, span.rows - i),
                        .keys = span.cached_tokens + i + 1});
  attend(blocks, layer, cache, compute);
  unabsorb(attended, compute);
}

// compute.latent_queries [T, groups]: (W_UK q_nope | q_rope) of every head.
void AbsorbedAttention::absorb(View<const float> queries, Compute& compute) const {
  const Tiling tiles(queries.rows);
  compute.pool.parallel_for(H * tiles.count(), 4, [&](int64_t begin, int64_t end, int worker) {
    const RecordKind kind = k_absorb_.kernel().records;
    alignas(64) std::byte records[kMaxTile * kLargestRecord];
    float* wide = compute.scratch(worker, kMaxTile * (C + R));  // [tokens, C + R]
    for (int64_t task = begin; task < end; ++task) {
      const int64_t h = task / tiles.count();
      const auto [first, tokens] = tiles[task % tiles.count()];
      const auto query = [&, row = first](int t) { return queries.row(row + t) + h * (N + R); };
      for (int t = 0; t < tokens; ++t)
        narrow_to_record(compute.ops, kind, query(t), N, records + t * record_bytes(kind));
      for (int64_t s = 0; s < C / kStripRows; ++s)
        k_absorb_.kernel().multiply(k_absorb_.strip(h * C / kStripRows + s), records, tokens,
                                    wide + kStripRows * s, C + R);
      for (int t = 0; t < tokens; ++t) {
        float* row = wide + t * (C + R);
        std::copy(query(t) + N, query(t) + N + R, row + C);
        compute.ops.latent->load_query(
            row, C + R, static_cast<int>(h % kHeadLanes),
            compute.latent_queries.data() + (first + t) * groups_ + h / kHeadLanes);
      }
    }
  });
}

void AbsorbedAttention::load_page(const Rows& rows, int64_t page_index, int64_t keys, int64_t layer,
                                  const LatentCache& cache, const LatentKernels& kernels, LatentTile* tile) const {
  const int32_t page = rows.span->page_table[static_cast<size_t>(page_index)];
  if (cache.type() == CacheType::q8)
    kernels.load_q8_keys(cache.q8_rows(page, layer), static_cast<int>(keys), C, C + R, tile);
  else
    kernels.load_keys(cache.bf16_rows(page, layer), static_cast<int>(keys), C, C + R, tile);
}

// Rows come from memory, and nobody else asks for them in time: each call with a page's tile asks for its share of the
// next page, part `part` of `parts`.
void AbsorbedAttention::ask_ahead(const Rows& rows, int64_t page_index, int64_t part, int64_t parts, int64_t layer,
                                  const LatentCache& cache, LatentTile* tile) const {
  tile->ahead_lines = 0;
  if (page_index * LatentCache::kTokens >= rows.last_keys() || part >= parts) return;
  const auto bytes = cache.rows(rows.span->page_table[static_cast<size_t>(page_index)], layer);
  tile->ahead_lines = (std::ssize(bytes) / 64 + parts - 1) / parts;
  tile->ahead = bytes.data() + 64 * tile->ahead_lines * part;
}

void AbsorbedAttention::attend_run(const Rows& rows, int64_t run, int64_t layer, const LatentCache& cache,
                                   Compute& compute, int worker, LatentPartial* partials) const {
  const LatentKernels& kernels = *compute.ops.latent;
  LatentTile* tile = compute.latent_tiles(worker);
  const int64_t run_begin = run * kRunKeys, end = std::min(rows.last_keys(), run_begin + kRunKeys);
  const auto queries = [&](int64_t i) { return compute.latent_queries.data() + (rows.token + i) * groups_; };
  for (int64_t begin = run_begin; begin < end; begin += LatentCache::kTokens) {
    const int64_t loaded = std::min(LatentCache::kTokens, end - begin);
    const int64_t page = begin / LatentCache::kTokens, parts = 1 + groups_;
    ask_ahead(rows, page + 1, 0, parts, layer, cache, tile);
    load_page(rows, page, loaded, layer, cache, kernels, tile);
    if (kernels.add_run != nullptr) {
      ++tile;
      continue;
    }
    for (int64_t i = 0; i < rows.count; ++i) {
      const int64_t count = std::min(loaded, rows.keys + i - begin);
      for (int64_t group = 0; count > 0 && group < groups_; ++group) {
        ask_ahead(rows, page + 1, i == 0 ? 1 + group : parts, parts, layer, cache, tile);
        kernels.add_keys(queries(i) + group, tile, static_cast<int>(count), C, C + R, begin == run_begin,
                         partials + i * groups_ + group);
      }
    }
  }
  for (int64_t i = 0; kernels.add_run != nullptr && i < rows.count; ++i) {
    const int64_t count = std::min(end, rows.keys + i) - run_begin;
    if (count > 0)
      kernels.add_run(queries(i), static_cast<int>(groups_), compute.latent_tiles(worker), static_cast<int>(count),
                      C, C + R, partials + i * groups_);
  }
}

void AbsorbedAttention::finish(int64_t token, int64_t group, const LatentPartial* total, Compute& compute) const {
  const int64_t head = group * kHeadLanes, heads = std::min<int64_t>(kHeadLanes, H - head);
  compute.ops.latent->finish(total, C, static_cast<int>(heads),
                             compute.latent_sums.data() + (token * H + head) * C, C);
}

// Whether blocks as they are would leave threads idle: few rows, one long sequence among short ones, or a rest.
bool AbsorbedAttention::cuts_runs_apart(const std::vector<Rows>& blocks, int64_t threads) const {
  constexpr double kUneven = 1.25;  // about what partial results cost, in memory traffic, when all is cut
  if (threads == 1 || blocks.empty()) return false;
  int64_t rows = 0, longest = 0, total = 0;
  for (const Rows& block : blocks) {
    const int64_t work = runs_of(block.last_keys()) * block.count;
    rows += block.count;
    total += work;
    longest = std::max(longest, work);
  }
  if (rows * groups_ < 8 * threads) return true;
  const int64_t count = std::ssize(blocks), turns = (count + threads - 1) / threads;
  const auto over = [&](int64_t most, int64_t all) {
    return static_cast<double>(most * threads) > kUneven * static_cast<double>(all);
  };
  return over(longest, total) || over(turns, count);
}

void AbsorbedAttention::attend(const std::vector<Rows>& blocks, int64_t layer, const LatentCache& cache,
                               Compute& compute) const {
  if (cuts_runs_apart(blocks, compute.pool.size())) return attend_runs_apart(blocks, layer, cache, compute);
  compute.reserve_partials(2 * kRowsTogether * groups_);
  compute.pool.parallel_for(static_cast<int64_t>(blocks.size()), 1, [&](int64_t i, int64_t, int worker) {
    attend_all_runs(blocks[static_cast<size_t>(i)], layer, cache, compute, worker);
  });
}

void AbsorbedAttention::attend_all_runs(const Rows& rows, int64_t layer, const LatentCache& cache,
                                        Compute& compute, int worker) const {
  LatentPartial* totals = compute.latent_partials(worker);
  LatentPartial* next = totals + kRowsTogether * groups_;
  for (int64_t run = 0; run < runs_of(rows.last_keys()); ++run) {
    attend_run(rows, run, layer, cache, compute, worker, run == 0 ? totals : next);
    for (int64_t i = 0; run > 0 && i < rows.count; ++i)
      for (int64_t g = i * groups_; run < runs_of(rows.keys + i) && g < (i + 1) * groups_; ++g)
        compute.ops.latent->merge(next + g, C, totals + g);
  }
  for (int64_t i = 0; i < rows.count; ++i)
    for (int64_t g = 0; g < groups_; ++g) finish(rows.token + i, g, totals + i * groups_ + g, compute);
}

// In rounds of runs, so that partial results stay few however long the sequences are. They are merged in the order of
// the keys, as attend_all_runs() does.
void AbsorbedAttention::attend_runs_apart(const std::vector<Rows>& blocks, int64_t layer,
                                          const LatentCache& cache, Compute& compute) const {
  struct Task {
    const Rows* rows;
    int64_t run, first_partial;
  };
  struct Row {  // of one group of heads
    int64_t token, group, first_partial, runs;
  };
  std::vector<Row> rows;
  int64_t longest = 0, wide = 0;  // runs; partial results of a run of all blocks
  for (const Rows& block : blocks) {
    const int64_t stride = block.count * groups_;
    for (int64_t i = 0; i < block.count; ++i)
      for (int64_t g = 0; g < groups_; ++g)
        rows.push_back({block.token + i, g, wide + i * groups_ + g, runs_of(block.keys + i)});
    longest = std::max(longest, runs_of(block.last_keys()));
    wide += stride;
  }
  const int64_t pieces = (2 * compute.pool.size() + std::ssize(blocks) - 1) / std::ssize(blocks);
  const int64_t round = std::min(longest, std::max(kPartialsTogether / wide, pieces));
  LatentPartial* const totals = compute.shared_partials(wide * (round + 1));  // then the round's, run by run
  for (int64_t begin = 0; begin < longest; begin += round) {
    std::vector<Task> tasks;
    int64_t first = 0;
    for (const Rows& block : blocks) {
      const int64_t end = std::min(begin + round, runs_of(block.last_keys()));
      for (int64_t run = begin; run < end; ++run) tasks.push_back({&block, run, wide * (run - begin + 1) + first});
      first += block.count * groups_;
    }
    compute.pool.parallel_for(std::ssize(tasks), 1, [&](int64_t i, int64_t, int worker) {
      const Task& task = tasks[static_cast<size_t>(i)];
      attend_run(*task.rows, task.run, layer, cache, compute, worker, totals + task.first_partial);
    });
    compute.pool.parallel_for(std::ssize(rows), 1, [&](int64_t i, int64_t, int) {
      const Row& row = rows[static_cast<size_t>(i)];
      LatentPartial* const total = totals + row.first_partial;
      for (int64_t run = begin; run < std::min(begin + round, row.runs); ++run) {
        const LatentPartial* const next = total + wide * (run - begin + 1);
        if (run == 0)
          *total = *next;
        else
          compute.ops.latent->merge(next, C, total);
      }
      if (row.runs > begin && row.runs <= begin + round) finish(row.token, row.group, total, compute);
    });
  }
}

// attended[t, h, :] = W_UV_h latent_sums[t, h, :]
void AbsorbedAttention::unabsorb(View<float> attended, Compute& compute) const {
  const Tiling tiles(attended.rows);
  const int64_t blocks = (C + kRecordColumns - 1) / kRecordColumns;
  compute.pool.parallel_for(H * tiles.count(), 4, [&](int64_t begin, int64_t end, int) {
    const RecordKind kind = v_up_.kernel().records;
    alignas(64) std::byte records[kMaxTile * (kMostLatent / kRecordColumns) * kLargestRecord];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t h = task / tiles.count();
      const auto [first, tokens] = tiles[task % tiles.count()];
      for (int t = 0; t < tokens; ++t)
        for (int64_t b = 0; b < blocks; ++b)
          narrow_to_record(compute.ops, kind,
                           compute.latent_sums.data() + ((first + t) * H + h) * C + b * kRecordColumns,
                           std::min<int64_t>(kRecordColumns, C - b * kRecordColumns),
                           records + (b * tokens + t) * record_bytes(kind));
      for (int64_t s = 0; s < V / kStripRows; ++s)
        v_up_.kernel().multiply(v_up_.strip(h * V / kStripRows + s), records, tokens,
                                attended.row(first) + h * V + kStripRows * s, attended.stride);
    }
  });
}

}  // namespace sirocco
