// SPDX-License-Identifier: Apache-2.0
// `sirocco inspect` of a GGUF vision file (mmproj) by itself.
#pragma once

#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

bool is_vision_file(const Checkpoint& checkpoint);

// Prints what the tower and projector are, and on request every tensor; as one object with `json`.
Result<void> inspect_vision(const Checkpoint& mmproj, bool json, bool tensors);

}  // namespace sirocco
