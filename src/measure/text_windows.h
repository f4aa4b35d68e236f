// SPDX-License-Identifier: Apache-2.0
// How a long text is cut so that a model can judge each of its tokens. Every window begins afresh with BOS,
// which takes one of its `context` places; windows begin `stride` tokens apart, and each judges the tokens
// that the one before did not reach. So every token is judged once, behind at least context - 1 - stride
// others (the text's first window aside).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "run/model.h"
#include "sirocco/result.h"

namespace sirocco {

struct TextWindow {
  int64_t begin = 0, end = 0;  // tokens of the text that it holds
  int64_t first_judged = 0;    // begin <= first_judged < end
};

// REQUIRES: tokens > 0, 0 < stride < context.
std::vector<TextWindow> split_text(int64_t tokens, int64_t context, int64_t stride);

struct TextWindows {
  int32_t bos = 0;
  int64_t context = 0, stride = 0;
  int64_t chunk_tokens = 0;  // most of one step
};

// Runs `text` and hands the logits that predict token i to `use`, for i = 0 … text.size() - 1 in order.
// Reserves the cache that one window needs.
Result<void> judge_text(Model& model, std::span<const int32_t> text, const TextWindows& windows,
                        const std::function<Result<void>(int64_t i, std::span<const float> logits)>& use);

}  // namespace sirocco
