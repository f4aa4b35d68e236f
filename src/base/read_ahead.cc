// SPDX-License-Identifier: Apache-2.0
#include "base/read_ahead.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace sirocco {
namespace {

void ask_for(std::span<const std::byte> bytes) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  ::posix_madvise(reinterpret_cast<void*>(begin), end - begin, POSIX_MADV_WILLNEED);
}

}  // namespace

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ReadAhead::want(std::span<const std::byte> bytes) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.push_back(bytes);
    if (!thread_.joinable()) thread_ = std::thread([this] { ask_for_all(); });
  }
  wake_.notify_one();
}

void ReadAhead::ask_for_all() {
  for (std::unique_lock lock(mutex_);;) {
    wake_.wait(lock, [&] { return ending_ || !wanted_.empty(); });
    if (ending_) return;
    const auto bytes = wanted_.front();
    wanted_.pop_front();
    lock.unlock();
    ask_for(bytes);
    lock.lock();
  }
}

}  // namespace sirocco
