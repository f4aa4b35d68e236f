// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/cores.h"

namespace sirocco {
namespace {

// About 50 µs: longer than the serial gaps inside a step, shorter than anyone else would miss the core.
constexpr auto kSpin = std::chrono::microseconds(50);

// The door: the low half of the generation, one bit for closed, the number of workers inside.
constexpr uint32_t kClosed = 1u << 15;
constexpr uint32_t kInside = kClosed - 1;

uint32_t open_door(uint32_t generation) {
  return generation << 16;
}

inline void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`: spins, then sleeps.
template <class T>
T wait_for_change(const std::atomic<T>& value, T old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (const T now = value.load(std::memory_order_acquire); now != old) return now;
      pause_cpu();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads, bool pin) : door_(kClosed) {
  const std::vector<int> cores = compute_cores();
  const auto count = std::min<size_t>(threads > 0 ? static_cast<size_t>(threads) : cores.size(), kInside);
  workers_.reserve(count - 1);
  for (size_t worker = 1; worker < count; ++worker) {
    const int core = cores[worker % cores.size()];
    try {
      workers_.emplace_back([this, worker, pin, core] {
        if (pin) pin_this_thread(core);  // a wish: where it is refused, the system places the worker
        work(static_cast<int>(worker));
      });
    } catch (const std::system_error&) {  // no more threads are to be had: those there are do the work
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (auto& thread : workers_) thread.join();
}

void ThreadPool::work(int worker) {
  uint32_t seen = 0;
  while (true) {
    seen = wait_for_change(generation_, seen);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!join(seen)) continue;
    (*claim_)(worker);
    leave();
  }
}

// Enters the region, unless it has closed or another has begun.
bool ThreadPool::join(uint32_t generation) {
  uint32_t door = door_.load(std::memory_order_acquire);
  while ((door & ~kInside) == open_door(generation))
    if (door_.compare_exchange_weak(door, door + 1, std::memory_order_acq_rel)) return true;
  return false;
}

void ThreadPool::leave() {
  const uint32_t door = door_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  if ((door & kClosed) != 0 && (door & kInside) == 0) door_.notify_one();  // only the caller waits here
}

void ThreadPool::run(FunctionRef<void(int)> claim) {
  if (workers_.empty()) return claim(0);
  claim_ = &claim;
  const uint32_t generation = generation_.load(std::memory_order_relaxed) + 1;
  door_.store(open_door(generation), std::memory_order_release);
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  claim(0);
  uint32_t door = door_.fetch_or(kClosed, std::memory_order_acq_rel) | kClosed;
  while ((door & kInside) != 0) door = wait_for_change(door_, door);
}

void ThreadPool::parallel_for(int64_t count, int64_t grain, FunctionRef<void(int64_t, int64_t, int)> body) {
  if (count <= 0) return;
  grain = std::max<int64_t>(1, grain);
  std::atomic<int64_t> next{0};
  const auto claim = [&](int worker) {
    for (int64_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < count;)
      body(begin, std::min(count, begin + grain), worker);
  };
  if (count <= grain) return claim(0);
  run(claim);
}

}  // namespace sirocco
