// SPDX-License-Identifier: Apache-2.0
// Packed kernels on one core: GB/s of weights for few tokens, GOP/s and percent of the register-only peak for
// many. Rates are per processor time, so that a busy machine disturbs them less.
//   bench_kernels --benchmark_filter=q4_k
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstring>
#include <ctime>
#include <random>
#include <vector>

#include "base/aligned_buffer.h"

#include "ops/pack.h"
#include "ops/select.h"

namespace sirocco {
namespace {

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double peak_operations(const PackedKernels& kernels) {
  double best = 0.0;
  for (int i = 0; i < 20; ++i) {
    const double begin = cpu_seconds();
    const auto operations = static_cast<double>(kernels.spin(200000));
    best = std::max(best, operations / (cpu_seconds() - begin));
  }
  return best;
}

// `strips` strips of K = 4096: few stay in the cache, many come from memory.
void run(benchmark::State& state, const OpTable& table, const PackedKernels& list, const PackedKernel& kernel,
         int tokens, int64_t strips) {
  constexpr int64_t kCols = 4096;
  const int64_t strip_bytes = packed_strip_bytes(kernel.dtype, kCols);
  AlignedBuffer<std::byte> weights(strips * strip_bytes);
  std::vector<float> x(kCols, 1.0f), y(kLargestTile * 32);
  AlignedBuffer<std::byte> records(int64_t{16} * kLargestTile * kLargestRecord);
  if (is_int8(kernel.records))  // the others are as fast on zeros
    for (int t = 0; t < tokens; ++t)
      table.int8_kernels->to_int8(x.data(), kCols, kernel.records,
                                  reinterpret_cast<Int8Record*>(records.data()) + t, tokens);
  WeightView view{.dtype = kernel.dtype, .rows = 16, .cols = kCols};
  const double begin = cpu_seconds();
  for (auto _ : state)
    for (int64_t s = 0; s < strips; s += 2) {
      const PackedStrip pair[] = {packed_strip(view, 0, weights.data() + s * strip_bytes),
                                  packed_strip(view, 0, weights.data() + (s + 1) * strip_bytes)};
      kernel.run(pair, 2, records.data(), tokens, y.data(), 32);
    }
  const double seconds = cpu_seconds() - begin;
  const double passes = static_cast<double>(state.iterations() * strips);
  const double rate = passes * 2.0 * 16.0 * kCols * tokens / seconds;
  state.counters["GB/s"] = passes * static_cast<double>(strip_bytes) / seconds / 1e9;
  state.counters["GOP/s"] = rate / 1e9;
  state.counters["%peak"] = 100.0 * rate / peak_operations(list);
}

constexpr std::pair<int, int64_t> kShapes[] = {{1, 4},  {1, 2048}, {4, 4},     {6, 4},  {8, 4}, {12, 4},
                                               {16, 4}, {24, 4},   {16, 2048}, {32, 4}, {64, 4}};

void add_benchmarks(const OpTable& table) {
  for (const PackedKernels* list : packed_kernels(table))
    for (int i = 0; list != nullptr && i < list->count; ++i)
      for (const auto& [tokens, strips] : kShapes) {
        const PackedKernel& kernel = list->kernels[i];
        if (!kernel.takes(tokens)) continue;
        const auto name = fmt::format("{}/{}/tokens:{}/{}", table.name, traits(kernel.dtype).name, tokens,
                                      strips > 100 ? "memory" : "cache");
        benchmark::RegisterBenchmark(name.c_str(), run, table, *list, kernel, tokens, strips)
            ->Unit(benchmark::kMicrosecond)
            ->MinTime(0.05);
      }
}

}  // namespace
}  // namespace sirocco

int main(int argc, char** argv) {
  const sirocco::CpuFeatures have = sirocco::detect_cpu_features();
  for (const sirocco::OpTable* table : sirocco::all_op_tables())
    if (have.covers(table->needs)) sirocco::add_benchmarks(*table);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
