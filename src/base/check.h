// SPDX-License-Identifier: Apache-2.0
// CHECK guards against bugs of ours and is always on; DCHECK is for hot loops and debug builds.
// Neither may be reachable from input: a bad file or request is a Result (include/sirocco/result.h).
#pragma once

#include <cstdio>
#include <cstdlib>

namespace sirocco::detail {
[[noreturn]] inline void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, expression);
  std::abort();
}
}  // namespace sirocco::detail

#define CHECK(expression) \
  ((expression) ? (void)0 : ::sirocco::detail::check_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(expression) ((void)0)
#else
#define DCHECK(expression) CHECK(expression)
#endif
