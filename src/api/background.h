// SPDX-License-Identifier: Apache-2.0
// Background: a few threads for work that takes long (grammars of large schemas), so that the threads that
// parse requests and answer probes stay free. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sirocco::api {

class Background {
 public:
  using Work = std::function<void()>;  // must not throw

  explicit Background(int threads);
  ~Background();  // what waits is dropped, what runs is waited for

  // False, and nothing is taken, where `most` pieces wait already.
  bool post(Work work, size_t most);

 private:
  void run();

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sirocco::api
