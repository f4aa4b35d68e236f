// SPDX-License-Identifier: Apache-2.0
// Errors of the world (files, requests, resources) are values. Bugs are CHECKs (src/base/check.h).
// No exception crosses a layer of this project; no library call prints or exits.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace sirocco {

enum class ErrorKind {
  bad_input,    // a file or request is malformed: the message names file/field, expected and actual
  not_found,    // a named file, tensor or id does not exist
  unsupported,  // well-formed, but not something this build or model does
  resource,     // memory, disk or queue space ran out
  cancelled,    // the caller asked for it
};

struct Error {
  ErrorKind kind = ErrorKind::bad_input;
  std::string message;  // one line, no trailing newline
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}
inline tl::unexpected<Error> bad_input(std::string message) {
  return fail(ErrorKind::bad_input, std::move(message));
}
// Passes an error of another Result on: `if (!x) return forward_error(x);`
template <class T>
tl::unexpected<Error> forward_error(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

}  // namespace sirocco
