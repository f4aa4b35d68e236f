// SPDX-License-Identifier: Apache-2.0
// Prompts of llama-server's /completion: those of prompts.h, and text with pictures in it. Old clients write
// "[img-12]" and image_data [{"id": 12, "data": base64}]; newer ones {"prompt_string": "… <__media__> …",
// "multimodal_data": [base64]}, a mark for each picture in order.
#pragma once

#include <vector>

#include "api/api_error.h"
#include "api/fields.h"
#include "sirocco/engine.h"

namespace sirocco::api {

struct NativePrompt {
  std::vector<int32_t> ids;
  std::vector<PromptPicture> pictures;
};

ApiResult<std::vector<NativePrompt>> read_native_prompts(const Engine& engine, Fields& fields, const Json& prompt);

}  // namespace sirocco::api
