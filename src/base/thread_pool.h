// SPDX-License-Identifier: Apache-2.0
// ThreadPool: persistent workers that compute one parallel region at a time. The caller is worker 0. Workers
// spin briefly for the next region and then sleep on a futex, so that an idle engine costs nothing and other
// threads of the process (sockets, clients) get the cores. A region closes as soon as its last piece is claimed:
// a worker that the system has not yet given a core is left out instead of waited for, which on a machine
// shared with others would cost a time slice a region.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/function_ref.h"

namespace sirocco {

class ThreadPool {
 public:
  // 0 threads: one a physical core (base/cores.h). `pin` keeps each worker on a core of its own; the caller stays free.
  explicit ThreadPool(int threads, bool pin = false);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs body(begin, end, worker) over [0, count) in pieces of `grain` that workers claim in turn. Not reentrant.
  void parallel_for(int64_t count, int64_t grain,
                    FunctionRef<void(int64_t begin, int64_t end, int worker)> body);

 private:
  void work(int worker);
  bool join(uint32_t generation);
  void leave();
  void run(FunctionRef<void(int worker)> claim);

  std::vector<std::thread> workers_;
  const FunctionRef<void(int)>* claim_ = nullptr;  // of the region that is running
  std::atomic<uint32_t> generation_{0};            // counts regions; workers wait for it to change
  std::atomic<uint32_t> door_;                     // of the region: its generation, whether closed, workers inside
  std::atomic<bool> stop_{false};
};

}  // namespace sirocco
