// SPDX-License-Identifier: Apache-2.0
#include "tensor_text.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "number_text.h"

namespace sirocco {

std::string tensor_row(const TensorEntry& entry) {
  return fmt::format("{:<12}{:<24}{:>18}  {}", traits(entry.dtype).name, shape_text(entry.shape),
                     with_commas(static_cast<int64_t>(entry.bytes.size())), printable(entry.name));
}

Json tensor_json(const TensorEntry& entry) {
  return {{"name", entry.name},
          {"dtype", traits(entry.dtype).name},
          {"shape", entry.shape},
          {"bytes", entry.bytes.size()}};
}

}  // namespace sirocco
