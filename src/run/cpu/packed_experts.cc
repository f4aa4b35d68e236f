// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/packed_experts.h"

#include <algorithm>
#include <array>

#include "run/cpu/linear.h"
#include "run/cpu/matrix_loader.h"

namespace sirocco {
namespace {

struct Tile {
  const ExpertTask* task;
  int64_t first;  // pair
  int tokens;
};

struct Strips {  // that one worker takes
  const ExpertTask* task;
  int64_t begin, end;
};

std::vector<Tile> split_tiles(std::span<const ExpertTask> tasks) {
  std::vector<Tile> tiles;
  for (const ExpertTask& task : tasks) {
    int most = kLargestTile, multiple = 1;
    for (const Matrix* matrix : task.weights->all()) {
      most = std::min(most, matrix->kernel().most_tokens);
      multiple = std::max(multiple, matrix->kernel().best_multiple);
    }
    for (int64_t done = 0; done < task.pairs; done += tiles.back().tokens)
      tiles.push_back({&task, task.first_pair + done, next_tile(task.pairs - done, most, multiple)});
  }
  return tiles;
}

std::vector<Strips> split_strips(std::span<const ExpertTask> tasks, Matrix ExpertMatrices::*which, int threads) {
  std::vector<Strips> items;
  int64_t all = 0;
  for (const ExpertTask& task : tasks) all += (task.weights->*which).strips();
  for (const ExpertTask& task : tasks) {
    const Matrix& matrix = task.weights->*which;
    const int64_t strips = matrix.strips();
    const int64_t grain = strip_grain(matrix, task.pairs, all, threads);
    for (int64_t s = 0; s < strips; s += grain) items.push_back({&task, s, std::min(strips, s + grain)});
  }
  return items;
}

void keep_promises(std::span<const ExpertTask> tasks, Compute& compute) {
  struct Piece {
    Matrix* matrix;
    int64_t begin, end;
  };
  std::vector<Matrix*> promised;
  for (const ExpertTask& task : tasks)
    for (Matrix* matrix : task.weights->all())
      if (matrix->promised()) promised.push_back(matrix);
  if (promised.empty()) return;
  std::vector<Piece> pieces;
  uint64_t bytes = 0;
  for (Matrix* matrix : promised) {
    bytes += static_cast<uint64_t>(matrix->source().bytes());
    for (int64_t s = 0; s < matrix->strips(); s += kPackGrain)
      pieces.push_back({matrix, s, std::min(matrix->strips(), s + kPackGrain)});
  }
  const Profile::Scope scope(compute.profile, "experts: pack", bytes);
  compute.pool.parallel_for(std::ssize(pieces), 1, [&](int64_t i, int64_t, int) {
    const auto& [matrix, begin, end] = pieces[static_cast<size_t>(i)];
    matrix->pack_strips(begin, end);
  });
  for (Matrix* matrix : promised) matrix->settle();
}

RecordKind kind_of(const Matrix& matrix) {
  return matrix.kernel().records;
}

// Narrows every token once a kind, then lays the records out by pair.
void narrow_inputs(std::span<const ExpertTask> tasks, std::span<const Tile> tiles,
                   std::span<const int32_t> token_of, int64_t T, Workspace& work, Compute& compute) {
  const int64_t D = tasks.front().weights->gate.cols();
  std::array<bool, kRecordKinds> wanted{};
  for (const ExpertTask& task : tasks) wanted[static_cast<size_t>(kind_of(task.weights->gate))] = true;
  for (size_t kind = 0; kind < wanted.size(); ++kind) {
    if (!wanted[kind]) continue;
    Activations& records = compute.token_records[kind];
    records.resize(static_cast<RecordKind>(kind), T, D);
    compute.pair_records[kind].resize(static_cast<RecordKind>(kind), static_cast<int64_t>(token_of.size()),
                                      D);
    compute.pool.parallel_for(T, 4, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = begin; t < end; ++t)
        records.narrow(compute.ops, work.normed.data() + t * D, D, t, 1, 0);
    });
  }
  compute.pool.parallel_for(static_cast<int64_t>(tiles.size()), 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const Tile& tile = tiles[static_cast<size_t>(i)];
      if (tile.task->pairs == 1) continue;  // read where it is
      const auto kind = static_cast<size_t>(kind_of(tile.task->weights->gate));
      for (int t = 0; t < tile.tokens; ++t)
        compute.pair_records[kind].copy(compute.token_records[kind],
                                        token_of[static_cast<size_t>(tile.first + t)], tile.first,
                                        tile.tokens, t);
    }
  });
}

// The tiles of a task are neighbours in `tiles`.
std::span<const Tile> tiles_of(const ExpertTask& task, std::span<const Tile> tiles) {
  const auto begin = std::partition_point(tiles.begin(), tiles.end(),
                                          [&](const Tile& tile) { return tile.first < task.first_pair; });
  auto end = begin;
  while (end != tiles.end() && end->task == &task) ++end;
  return {begin, end};
}

// Strips of gate and up are multiplied side by side.
constexpr int64_t kPair = 2;
struct GateAndUp {
  std::span<const int32_t> token_of;
  int64_t act_stride;
  Workspace& work;
  Compute& compute;

  const std::byte* records(const Tile& tile) const {
    const auto kind = static_cast<size_t>(kind_of(tile.task->weights->gate));
    return tile.task->pairs == 1 ? compute.token_records[kind].tile(token_of[static_cast<size_t>(tile.first)])
                                 : compute.pair_records[kind].tile(tile.first);
  }

  // strips: number s of gate and of up.
  void multiply(const Tile& tile, int64_t s, const PackedStrip (&strips)[kPair]) const {
    const ExpertMatrices& w = *tile.task->weights;
    constexpr int64_t kBoth = kPair * kStripRows;
    float both[kLargestTile * kBoth];  // [tokens, gate and up]
    if (&w.gate.kernel() == &w.up.kernel()) {
      w.gate.kernel().run(strips, kPair, records(tile), tile.tokens, both, kBoth);
    } else {
      w.gate.kernel().multiply(strips[0], records(tile), tile.tokens, both, kBoth);
      w.up.kernel().multiply(strips[1], records(tile), tile.tokens, both + kStripRows, kBoth);
    }
    for (int t = 0; t < tile.tokens; ++t)
      compute.ops.swiglu(both + t * kBoth, both + t * kBoth + kStripRows, strips[0].rows,
                         work.pair_act.data() + (tile.first + t) * act_stride + kStripRows * s);
  }

  void run(const Strips& item, std::span<const Tile> tiles) const {
    const Matrix &gate = item.task->weights->gate, &up = item.task->weights->up;
    const size_t n = tiles.size();
    if (gate.asks_ahead(item.task->pairs)) {
      for (int64_t s = item.begin; s < item.end; ++s)
        for (size_t i = 0; i < n; ++i)
          multiply(tiles[i], s,
                   {gate.strip_asking(s, s + 1, item.end, i, n), up.strip_asking(s, s + 1, item.end, i, n)});
    } else {
      for (const Tile& tile : tiles)
        for (int64_t s = item.begin; s < item.end; ++s) multiply(tile, s, {gate.strip(s), up.strip(s)});
    }
  }
};

void run_up(std::span<const ExpertTask> tasks, std::span<const Tile> tiles, std::span<const int32_t> token_of,
            int64_t act_stride, uint64_t bytes, Workspace& work, Compute& compute) {
  const Profile::Scope scope(compute.profile, "experts: gate, up", bytes);
  const auto items = split_strips(tasks, &ExpertMatrices::gate, compute.pool.size());
  const GateAndUp gate_and_up{token_of, act_stride, work, compute};
  compute.pool.parallel_for(static_cast<int64_t>(items.size()), 1, [&](int64_t i, int64_t, int) {
    const Strips& item = items[static_cast<size_t>(i)];
    gate_and_up.run(item, tiles_of(*item.task, tiles));
  });
}

void narrow_activations(std::span<const ExpertTask> tasks, std::span<const Tile> tiles, int64_t pairs,
                        int64_t act_stride, Workspace& work, Compute& compute) {
  const Profile::Scope scope(compute.profile, "experts: narrow");
  for (const ExpertTask& task : tasks) {
    const Matrix& down = task.weights->down;
    compute.act_records[static_cast<size_t>(kind_of(down))].resize(kind_of(down), pairs, act_stride);
  }
  compute.pool.parallel_for(static_cast<int64_t>(tiles.size()), 1, [&](int64_t i, int64_t, int) {
    const Tile& tile = tiles[static_cast<size_t>(i)];
    Activations& records = compute.act_records[static_cast<size_t>(kind_of(tile.task->weights->down))];
    const int64_t width = tile.task->weights->down.cols();
    for (int t = 0; t < tile.tokens; ++t)
      records.narrow(compute.ops, work.pair_act.data() + (tile.first + t) * act_stride, width, tile.first,
                     tile.tokens, t);
  });
}

}  // namespace

void run_packed_experts(std::span<const ExpertTask> tasks, std::span<const int32_t> token_of, int64_t T,
                        Workspace& work, Compute& compute) {
  if (tasks.empty()) return;
  keep_promises(tasks, compute);
  const auto tiles = split_tiles(tasks);
  const auto pairs = static_cast<int64_t>(token_of.size());
  const int64_t D = tasks.front().weights->gate.cols();
  int64_t act_stride = 0;  // the widest block
  for (const ExpertTask& task : tasks) act_stride = std::max(act_stride, task.weights->gate.rows());
  uint64_t up_bytes = 0, down_bytes = 0;
  for (const ExpertTask& task : tasks) {
    up_bytes += static_cast<uint64_t>(task.weights->gate.bytes() + task.weights->up.bytes());
    down_bytes += static_cast<uint64_t>(task.weights->down.bytes());
  }
  {
    const Profile::Scope scope(compute.profile, "experts: narrow");
    narrow_inputs(tasks, tiles, token_of, T, work, compute);
  }
  run_up(tasks, tiles, token_of, act_stride, up_bytes, work, compute);
  narrow_activations(tasks, tiles, pairs, act_stride, work, compute);

  const Profile::Scope scope(compute.profile, "experts: down", down_bytes);
  const auto down_items = split_strips(tasks, &ExpertMatrices::down, compute.pool.size());
  std::vector<RecordTile> inputs;  // of each tile
  for (const Tile& tile : tiles)
    inputs.push_back({compute.act_records[static_cast<size_t>(kind_of(tile.task->weights->down))].tile(tile.first),
                       tile.tokens, tile.first});
  compute.pool.parallel_for(static_cast<int64_t>(down_items.size()), 1, [&](int64_t i, int64_t, int) {
    const Strips& item = down_items[static_cast<size_t>(i)];
    const std::span<const Tile> own = tiles_of(*item.task, tiles);
    const auto first = static_cast<size_t>(own.data() - tiles.data());
    item.task->weights->down.multiply(item.begin, item.end, std::span(inputs).subspan(first, own.size()),
                                      work.pair_out.data(), D);
  });
}

}  // namespace sirocco
