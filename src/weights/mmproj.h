// SPDX-License-Identifier: Apache-2.0
// The vision file that comes with a GGUF: GGUF keeps the text model alone, and its vision tower in a second file.
#pragma once

#include <memory>
#include <string>

#include "sirocco/status.h"
#include "weights/checkpoint.h"

namespace sirocco {

// `path`: the file; "" looks beside `model`: the first by name of *mmproj*.gguf in its directory, null when there
// is none. Layouts that hold their own tower have none beside them, and giving them one is an error.
Result<std::shared_ptr<const Checkpoint>> open_mmproj(const Checkpoint& model, const std::string& path);

}  // namespace sirocco
