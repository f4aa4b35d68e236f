// SPDX-License-Identifier: Apache-2.0
// One tensor of a checkpoint as `inspect --tensors` shows it.
#pragma once

#include <string>

#include "base/json.h"
#include "weights/tensor_entry.h"

namespace sirocco {

std::string tensor_row(const TensorEntry& entry);  // type, shape, bytes, name
Json tensor_json(const TensorEntry& entry);

}  // namespace sirocco
