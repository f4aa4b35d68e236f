// SPDX-License-Identifier: Apache-2.0
// The settings that an answer is made with, in llama-server's spelling: generation_settings of /completion, params of
// /slots.
#pragma once

#include "base/json.h"
#include "sirocco/request.h"

namespace sirocco::api {

Json settings_json(const GenerateRequest& request);

}  // namespace sirocco::api
