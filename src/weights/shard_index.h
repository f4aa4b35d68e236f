// SPDX-License-Identifier: Apache-2.0
// The text of a *.safetensors.index.json: which file holds which tensor (docs/formats/hugging-face.md, "Files").
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco {

// Tensor name -> file name; each file name is one beside the index, without a folder. `where` is the path to name in
// errors.
Result<std::map<std::string, std::string>> parse_shard_index(std::string_view text, std::string_view where);

}  // namespace sirocco
