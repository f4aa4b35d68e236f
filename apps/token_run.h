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
// token's logits to `use`, in order. Reserves the cache that they need. `seen` replaces the embeddings of image
// tokens, in order.
Result<void> run_tokens(Model& model, std::span<const int32_t> ids, int64_t first_position,
                        int64_t chunk_tokens,
                        const std::function<Result<void>(std::span<const float> logits)>& use,
                        std::span<const float> seen = {});

// Encodes picture files, one after the other: the rows [n, D] that take the place of the image tokens of `ids`, in
// order. Fails unless there is one token for each.
Result<std::vector<float>> see_pictures(Model& model, std::span<const std::string> paths,
                                        std::span<const int32_t> ids);

}  // namespace sirocco
