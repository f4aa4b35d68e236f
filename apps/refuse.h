// SPDX-License-Identifier: Apache-2.0
// How every command says that it was given something it cannot use.
#pragma once

#include "sirocco/result.h"

namespace sirocco {

// Prints "error: …" on standard error; returns kExitError (exit_codes.h).
int refuse(const Error& error);

}  // namespace sirocco
