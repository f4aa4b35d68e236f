// SPDX-License-Identifier: Apache-2.0
#include "refuse.h"

#include <fmt/format.h>

#include <cstdio>

#include "exit_codes.h"

namespace sirocco {

int refuse(const Error& error) {
  fmt::print(stderr, "error: {}\n", error.message);
  return kExitError;
}

}  // namespace sirocco
