// SPDX-License-Identifier: Apache-2.0
#include "engine/page_bytes.h"

#include <algorithm>

#include "base/check.h"

namespace sirocco {

void copy_page(Model& model, const PageCopy& copy) {
  const auto from = model.page(copy.from), to = model.page(copy.to);
  CHECK(from.size() == to.size());
  std::ranges::copy(from, to.begin());
}

void poison_page(Model& model, int32_t page) {
  std::ranges::fill(model.page(page), std::byte{0xFF});
}

}  // namespace sirocco
