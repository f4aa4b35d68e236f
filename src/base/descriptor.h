// SPDX-License-Identifier: Apache-2.0
// A POSIX file descriptor that closes itself, and what a failed call on a file is told as.
#pragma once

#include <string>

#include "sirocco/result.h"

namespace sirocco {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }

 private:
  int fd_;
};

// errno in words, e.g. "weights.bin: cannot open: No such file or directory".
tl::unexpected<Error> system_error(const std::string& path, const char* action);

}  // namespace sirocco
