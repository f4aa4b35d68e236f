// SPDX-License-Identifier: Apache-2.0
#include "weights/tensor_entry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sirocco {

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace sirocco
