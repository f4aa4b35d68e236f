// SPDX-License-Identifier: Apache-2.0
// The vision file that comes with a GGUF: GGUF keeps the text model alone, and its vision tower in a second file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

struct Mmproj {
  std::shared_ptr<const Checkpoint> file;  // null: none
  std::vector<std::string> passed_over;    // why files beside the model are not it, one line each
};

// `path`: the file; "none": none; "" looks beside `model` at *mmproj*.gguf, those first whose names begin with more of
// the model's words, and takes the first with a Pixtral tower for the model's width: a folder of many models holds
// others'. Layouts that hold their own tower have none beside them, and giving them one is an error.
Result<Mmproj> open_mmproj(const Checkpoint& model, const std::string& path);

}  // namespace sirocco
