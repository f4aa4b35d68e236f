// SPDX-License-Identifier: Apache-2.0
#include "api/background.h"

namespace sirocco::api {

Background::Background(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Background::~Background() {
  std::deque<Work> dropped;  // outlives the lock: what it holds may do anything when it goes
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    dropped.swap(waiting_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Background::post(Work work, size_t most) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || waiting_.size() >= most) return false;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void Background::run() {
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (ending_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace sirocco::api
