// SPDX-License-Identifier: Apache-2.0
// Bounds of EngineOptions' numbers, checked before anything is opened.
#pragma once

#include "sirocco/options.h"

namespace sirocco {

// An error names the field, its bounds and what was there.
Result<void> check_options(const EngineOptions& options);

}  // namespace sirocco
