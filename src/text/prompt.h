// SPDX-License-Identifier: Apache-2.0
// The instruct layouts of Tekken v3 to v15: from a chat request to the token ids that the model was trained
// on, equal to mistral-common's id for id. docs/formats/tekken.md describes them.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "sirocco/result.h"
#include "text/chat_request.h"
#include "text/tokenizer.h"

namespace sirocco {

// A picture's size in tokens after merging: `rows` lines of `columns` image tokens.
struct PictureGrid {
  int columns = 0;
  int rows = 0;
};

// Where a picture's placeholder stands in the prompt.
struct PictureSlot {
  int64_t first_token = 0;
  int64_t tokens = 0;  // rows × (columns + 1): each row ends in a break or, the last, in the end marker
};

struct PromptTokens {
  std::vector<TokenId> ids;
  std::vector<PictureSlot> pictures;  // in the order of the prompt
  bool inside_thinking = false;       // ends in an open thinking block: the reply goes on thinking
};

// Loads or looks at the picture behind a URL; called once for each, in the order of the prompt.
using PictureSizer = std::function<Result<PictureGrid>(std::string_view url)>;

// REQUIRES: `request` passed check_chat or repair_chat for this tokenizer. Still fails where the reference's
// encoder does: an assistant message without content, a setting that the model lacks, a picture without a
// sizer.
Result<PromptTokens> build_prompt(const Tokenizer& tokenizer, const ChatRequest& request,
                                  const PictureSizer& picture_size = nullptr);

// All steps for one request object: parse, check or repair, build.
Result<PromptTokens> prompt_of_request(const Tokenizer& tokenizer, const PythonJson& json, ChatRules rules,
                                       const PictureSizer& picture_size = nullptr);

// Fill in the middle: what stands between prompt and suffix is generated.
Result<PromptTokens> build_fim_prompt(const Tokenizer& tokenizer, std::string_view prompt,
                                      std::string_view suffix);

// What stands for a picture: a break behind each row of image tokens, the end marker behind the last.
Result<std::vector<TokenId>> picture_tokens(const Tokenizer& tokenizer, const PictureGrid& grid);

// Tokens of a picture of so many pixels: shrunk to the largest size allowed, then cut into merged patches.
PictureGrid picture_grid(const ImageTokenConfig& config, int64_t width_pixels, int64_t height_pixels);

}  // namespace sirocco
