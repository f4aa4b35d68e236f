// SPDX-License-Identifier: Apache-2.0
// Feeds a run of tokens to a model by itself, without engine or sampler: what logits and verify need.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "run/model.h"

namespace sirocco {

// Ids from a JSON file: a list, or {"ids": […]} or {"tokens": […]}. Each must be below `vocabulary`.
Result<std::vector<int32_t>> read_token_file(const std::string& path, int64_t vocabulary);

// Runs `ids` with positions first_position, first_position + 1, … in chunks of `chunk_tokens` and hands every
// token's logits to `use`, in order. Reserves the cache that they need.
Result<void> run_tokens(Model& model, std::span<const int32_t> ids, int64_t first_position,
                        int64_t chunk_tokens,
                        const std::function<Result<void>(std::span<const float> logits)>& use);

}  // namespace sirocco
