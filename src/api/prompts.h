// SPDX-License-Identifier: Apache-2.0
// Prompts as completion clients write them: a string, token ids, a mixed list, or several of these.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "api/api_error.h"
#include "api/fields.h"
#include "sirocco/engine.h"

namespace sirocco::api {

struct PromptRules {
  bool add_begin = true;      // begin-of-text before text (not before given ids)
  bool parse_special = true;  // text may spell control tokens
  size_t max_prompts = 4096;
};

// "abc" | [1, 2] | ["abc", "def"] | [[1, 2], [3]] | ["abc", 5, "def"] (one prompt, llama-server's mixed form
// when numbers and strings stand side by side).
ApiResult<std::vector<std::vector<int32_t>>> read_prompts(const Engine& engine, const Json& prompt,
                                                          const PromptRules& rules);

// Prompts whose answers stand between a text and `suffix` (FIM): a text or a list of texts.
ApiResult<std::vector<std::vector<int32_t>>> read_infill_prompts(const Engine& engine, const Json& prompt,
                                                                 const std::string& suffix);

// One list of token ids of this vocabulary.
ApiResult<std::vector<int32_t>> read_ids(const Engine& engine, const Json& list, std::string_view field);

// vLLM's truncate_prompt_tokens: keeps so many of the last tokens (-1: as many as the context takes).
std::optional<ApiError> truncate_prompt(const Engine& engine, Fields& fields, GenerateRequest& request);

}  // namespace sirocco::api
