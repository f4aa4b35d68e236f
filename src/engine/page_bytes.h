// SPDX-License-Identifier: Apache-2.0
// The bytes behind page numbers: what the engine does to the model's cache between steps.
#pragma once

#include "cache/page_cache.h"
#include "run/model.h"

namespace sirocco {

// The whole page, since rows of all layers lie in the model's own order; only `tokens` rows count.
void copy_page(Model& model, const PageCopy& copy);
// Fills it with NaN, so that a read of a freed page shows.
void poison_page(Model& model, int32_t page);

}  // namespace sirocco
