// SPDX-License-Identifier: Apache-2.0
#include "base/descriptor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sirocco {

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> system_error(const std::string& path, const char* action) {
  const ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::bad_input;
  return fail(kind, fmt::format("{}: cannot {}: {}", path, action, std::strerror(errno)));
}

}  // namespace sirocco
