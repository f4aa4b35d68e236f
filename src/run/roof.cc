// SPDX-License-Identifier: Apache-2.0
#include "run/roof.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <vector>

#include "base/reserved_memory.h"
#include "base/thread_pool.h"
#include "ops/select.h"

namespace sirocco {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kRuns = 5;
constexpr int64_t kCols = 4096;              // a row of 16 KiB
constexpr int64_t kRows = int64_t{1} << 16;  // 1 GiB
constexpr int64_t kSpinRounds = 1000000;
constexpr int kSpinPieces = 16;  // of the rounds, a thread

double seconds_of(const Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The largest of several runs of `operations()` per second.
template <class F>
double best_rate(F operations) {
  double best = 0.0;
  for (int i = 0; i < kRuns; ++i) {
    const auto begin = Clock::now();
    const double count = operations();
    best = std::max(best, count / seconds_of(begin));
  }
  return best;
}

// Reads memory through the float32 product, four rows at a time.
double read_rate(const OpTable& ops, ThreadPool& pool) {
  constexpr int64_t bytes = kRows * kCols * static_cast<int64_t>(sizeof(float));
  const ReservedMemory memory(bytes, ReservedMemory::Pages::huge);
  if (memory.empty()) return 0.0;
  const View<float> w = make_view(reinterpret_cast<float*>(memory.data()), kRows, kCols);
  pool.parallel_for(kRows, 64, [&](int64_t begin, int64_t end, int) {
    std::fill(w.row(begin), w.row(begin) + (end - begin) * kCols, 1.0f);
  });
  const std::vector<float> x(kCols, 1.0f);
  return best_rate([&] {
    pool.parallel_for(kRows, 64, [&](int64_t begin, int64_t end, int) {
      float y[64];
      ops.product(make_view(x.data(), 1, kCols), View<const float>(w).slice_rows(begin, end - begin),
                  make_view(y, 1, end - begin));
    });
    return static_cast<double>(bytes);
  });
}

double spin_rate(const PackedKernels* kernels, ThreadPool& pool) {
  if (kernels == nullptr) return 0.0;
  return best_rate([&] {
    std::atomic<int64_t> operations = 0;
    pool.parallel_for(kSpinPieces * pool.size(), 1, [&](int64_t, int64_t, int) {
      operations += kernels->spin(kSpinRounds / kSpinPieces);
    });
    return static_cast<double>(operations);
  });
}

}  // namespace

Result<Roof> measure_roof(int threads, const std::string& isa) {
  auto ops = select_op_table(detect_cpu_features(), isa);
  if (!ops) return forward_error(ops);
  ThreadPool pool(threads);
  const auto fastest = [](const PackedKernels* tiles, const PackedKernels* vectors) {
    return tiles != nullptr ? tiles : vectors;
  };
  return Roof{.read_gbs = read_rate(**ops, pool) / 1e9,
              .int8_tops = spin_rate(fastest((*ops)->int8_tile_kernels, (*ops)->int8_kernels), pool) / 1e12,
              .int16_tops = spin_rate((*ops)->int16_weights ? (*ops)->int16_kernels : nullptr, pool) / 1e12,
              .bf16_tflops = spin_rate(fastest((*ops)->bf16_tile_kernels, (*ops)->bf16_kernels), pool) / 1e12};
}

}  // namespace sirocco
