// SPDX-License-Identifier: Apache-2.0
// Admission: the cap on what may wait, in requests and in tokens. submit() asks it on the caller's thread, so
// overload is answered at once; the engine's thread gives the place back when a request starts or ends.
#pragma once

#include <cstdint>
#include <mutex>

namespace sirocco {

class Admission {
 public:
  Admission(int max_requests, int64_t max_tokens) : max_requests_(max_requests), max_tokens_(max_tokens) {}

  // False when the queue is full. A request larger than the token cap may wait alone.
  bool enter(int64_t tokens) {
    const std::lock_guard lock(mutex_);
    if (requests_ >= max_requests_ || (requests_ > 0 && tokens_ + tokens > max_tokens_)) return false;
    ++requests_;
    tokens_ += tokens;
    return true;
  }
  void leave(int64_t tokens) {
    const std::lock_guard lock(mutex_);
    --requests_;
    tokens_ -= tokens;
  }
  int requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int64_t tokens() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
  }

 private:
  const int max_requests_;
  const int64_t max_tokens_;
  mutable std::mutex mutex_;
  int requests_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace sirocco
