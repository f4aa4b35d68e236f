// SPDX-License-Identifier: Apache-2.0
// ReadAhead: asks the system for bytes of mapped files in the order in which they will be wanted, on a thread of its
// own, since asking waits where the disk has much to do. Only a hint: what it has not asked for is read when touched.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <span>
#include <thread>

namespace sirocco {

class ReadAhead {
 public:
  ReadAhead() = default;
  ~ReadAhead();  // forgets what it has not asked for
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  void want(std::span<const std::byte> bytes);  // should stay mapped as long as this object lives

 private:
  void ask_for_all();

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::span<const std::byte>> wanted_;
  bool ending_ = false;
  std::thread thread_;  // from the first want() on
};

}  // namespace sirocco
