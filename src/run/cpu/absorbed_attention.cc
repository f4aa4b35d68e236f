// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/absorbed_attention.h"

#include <algorithm>

#include "base/check.h"
#include "ops/select.h"
#include "tensor/float_bits.h"

namespace sirocco {
namespace {

constexpr int64_t kRunKeys = AbsorbedAttention::kRunPages * LatentCache::kTokens;

// The view of the result points at memory that is gone; packed matrices never read it.
Matrix pack_bf16(const float* values, int64_t rows, int64_t cols, MatrixLoader& loader) {
  std::vector<uint16_t> narrow(static_cast<size_t>(rows * cols));
  for (size_t i = 0; i < narrow.size(); ++i) narrow[i] = bf16_from_f32(values[i]);
  return loader.load({.dtype = DType::bf16,
                      .rows = rows,
                      .cols = cols,
                      .data = reinterpret_cast<const std::byte*>(narrow.data()),
                      .row_stride_bytes = 2 * cols});
}

// Tokens 0 … T in tiles; every tile of every head is one task.
struct Tiling {
  explicit Tiling(int64_t tokens) {
    for (int64_t first = 0; first < tokens; first += sizes.back()) {
      firsts.push_back(first);
      sizes.push_back(next_tile(tokens - first));
    }
  }
  int64_t count() const { return static_cast<int64_t>(firsts.size()); }
  std::vector<int64_t> firsts;
  std::vector<int> sizes;
};

}  // namespace

bool AbsorbedAttention::fits(const Config& config, const OpTable& ops, CacheType cache_type) {
  const int64_t C = config.kv_lora_rank;
  return ops.latent != nullptr && cache_type == CacheType::bf16 && C % 64 == 0 && C <= kMostLatent &&
         config.rope_dim % 2 == 0 && config.nope_dim <= kRecordColumns &&
         config.v_head_dim % kStripRows == 0 && find_packed_kernel(ops, DType::bf16, C) != nullptr &&
         find_packed_kernel(ops, DType::bf16, config.nope_dim) != nullptr;
}

AbsorbedAttention::AbsorbedAttention(const Config& config, const float* k_absorb, const float* v_up,
                                     MatrixLoader& loader)
    : H(config.heads),
      C(config.kv_lora_rank),
      R(config.rope_dim),
      N(config.nope_dim),
      V(config.v_head_dim),
      groups_((H + kHeadLanes - 1) / kHeadLanes),
      k_absorb_(pack_bf16(k_absorb, H * C, N, loader)),
      v_up_(pack_bf16(v_up, H * V, C, loader)) {
  CHECK(k_absorb_.packed() && v_up_.packed());
}

void AbsorbedAttention::run(const Batch& batch, int64_t layer, const LatentCache& cache, Workspace& work,
                            Compute& compute) const {
  const auto T = static_cast<int64_t>(batch.tokens.size());
  compute.reserve_latent(T * groups_ * kHeadLanes * (C + R) / 2, T * H * C);
  absorb(T, work, compute);
  std::vector<Row> rows;
  rows.reserve(static_cast<size_t>(T));
  for (const SequenceSpan& span : batch.sequences)
    for (int64_t i = 0; i < span.rows; ++i)
      rows.push_back({&span, span.first_row + i, span.cached_tokens + i + 1});
  attend(rows, layer, cache, compute);
  unabsorb(T, work, compute);
}

// compute.query_pairs: per token and group of heads [(C + R) / 2, 16] pairs (W_UK q_nope | q_rope).
void AbsorbedAttention::absorb(int64_t T, Workspace& work, Compute& compute) const {
  const Tiling tiles(T);
  compute.pool.parallel_for(H * tiles.count(), 4, [&](int64_t begin, int64_t end, int worker) {
    Bf16Record records[kMaxTile];
    float* wide = compute.scratch(worker, kMaxTile * C + (C + R) / 2 + 1);
    auto* narrow = reinterpret_cast<uint16_t*>(wide + kMaxTile * C);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t h = task / tiles.count();
      const auto tile = static_cast<size_t>(task % tiles.count());
      const int64_t first = tiles.firsts[tile];
      const int tokens = tiles.sizes[tile];
      const auto query = [&](int t) { return work.queries.data() + ((first + t) * H + h) * (N + R); };
      for (int t = 0; t < tokens; ++t) compute.ops.f32_to_bf16(query(t), N, records[t].values);
      for (int64_t s = 0; s < C / kStripRows; ++s)
        k_absorb_.kernel().multiply(k_absorb_.strip(h * C / kStripRows + s), records, tokens,
                                    wide + kStripRows * s, C);
      for (int t = 0; t < tokens; ++t) {
        compute.ops.f32_to_bf16(wide + t * C, C, narrow);
        compute.ops.f32_to_bf16(query(t) + N, R, narrow + C);
        uint32_t* out = compute.query_pairs.data() +
                        ((first + t) * groups_ + h / kHeadLanes) * (C + R) / 2 * kHeadLanes + h % kHeadLanes;
        for (int64_t k = 0; k < C + R; k += 2, out += kHeadLanes)
          *out = narrow[k] | static_cast<uint32_t>(narrow[k + 1]) << 16;
      }
    }
  });
}

void AbsorbedAttention::attend_run(const Row& row, int64_t group, int64_t run, int64_t layer,
                                   const LatentCache& cache, const Compute& compute,
                                   LatentPartial* partial) const {
  const int64_t end = std::min(row.keys, (run + 1) * kRunKeys);
  for (int64_t begin = run * kRunKeys; begin < end; begin += LatentCache::kTokens) {
    const int32_t page = row.span->page_table[static_cast<size_t>(begin / LatentCache::kTokens)];
    compute.ops.latent->add_keys(pairs(compute, row.token, group), cache.bf16_rows(page, layer),
                                 static_cast<int>(std::min(LatentCache::kTokens, end - begin)), C, C + R,
                                 begin == run * kRunKeys, partial);
  }
}

void AbsorbedAttention::attend(const std::vector<Row>& rows, int64_t layer, const LatentCache& cache,
                               Compute& compute) const {
  const LatentKernels& kernels = *compute.ops.latent;
  const auto runs_of = [](const Row& row) { return (row.keys + kRunKeys - 1) / kRunKeys; };
  const auto finish = [&](const Row& row, int64_t group, const LatentPartial* partial) {
    const int64_t first = group * kHeadLanes, heads = std::min<int64_t>(kHeadLanes, H - first);
    kernels.finish(partial, C, static_cast<int>(heads),
                   compute.latent_sums.data() + (row.token * H + first) * C, C);
  };
  const int64_t tasks = static_cast<int64_t>(rows.size()) * groups_;
  if (tasks >= 8 * compute.pool.size()) {  // enough rows: each walks its own keys
    compute.pool.parallel_for(tasks, 1, [&](int64_t task, int64_t, int) {
      const Row& row = rows[static_cast<size_t>(task / groups_)];
      LatentPartial total, next;
      for (int64_t run = 0; run < runs_of(row); ++run) {
        attend_run(row, task % groups_, run, layer, cache, compute, run == 0 ? &total : &next);
        if (run > 0) kernels.merge(&next, C, &total);
      }
      finish(row, task % groups_, &total);
    });
    return;
  }
  std::vector<std::pair<int64_t, int64_t>> runs;  // task, run
  std::vector<int64_t> first_run;                 // [tasks + 1]
  for (int64_t task = 0; task < tasks; ++task) {
    first_run.push_back(static_cast<int64_t>(runs.size()));
    for (int64_t run = 0; run < runs_of(rows[static_cast<size_t>(task / groups_)]); ++run)
      runs.emplace_back(task, run);
  }
  first_run.push_back(static_cast<int64_t>(runs.size()));
  LatentPartial* partials = compute.latent_partials(static_cast<int64_t>(runs.size()));
  compute.pool.parallel_for(static_cast<int64_t>(runs.size()), 1, [&](int64_t i, int64_t, int) {
    const auto [task, run] = runs[static_cast<size_t>(i)];
    attend_run(rows[static_cast<size_t>(task / groups_)], task % groups_, run, layer, cache, compute,
               partials + i);
  });
  compute.pool.parallel_for(tasks, 1, [&](int64_t task, int64_t, int) {
    LatentPartial* total = partials + first_run[static_cast<size_t>(task)];
    for (const LatentPartial* next = total + 1; next < partials + first_run[static_cast<size_t>(task) + 1];
         ++next)
      kernels.merge(next, C, total);
    finish(rows[static_cast<size_t>(task / groups_)], task % groups_, total);
  });
}

// work.attended[t, h, :] = W_UV_h latent_sums[t, h, :]
void AbsorbedAttention::unabsorb(int64_t T, Workspace& work, Compute& compute) const {
  const Tiling tiles(T);
  const int64_t blocks = (C + kRecordColumns - 1) / kRecordColumns;
  compute.pool.parallel_for(H * tiles.count(), 4, [&](int64_t begin, int64_t end, int) {
    Bf16Record records[kMaxTile * (kMostLatent / kRecordColumns)];
    for (int64_t task = begin; task < end; ++task) {
      const int64_t h = task / tiles.count();
      const auto tile = static_cast<size_t>(task % tiles.count());
      const int64_t first = tiles.firsts[tile];
      const int tokens = tiles.sizes[tile];
      for (int t = 0; t < tokens; ++t)
        for (int64_t b = 0; b < blocks; ++b)
          compute.ops.f32_to_bf16(compute.latent_sums.data() + ((first + t) * H + h) * C + b * kRecordColumns,
                                  std::min<int64_t>(kRecordColumns, C - b * kRecordColumns),
                                  records[b * tokens + t].values);
      for (int64_t s = 0; s < V / kStripRows; ++s)
        v_up_.kernel().multiply(v_up_.strip(h * V / kStripRows + s), records, tokens,
                                work.attended.data() + (first * H + h) * V + kStripRows * s, H * V);
    }
  });
}

}  // namespace sirocco
