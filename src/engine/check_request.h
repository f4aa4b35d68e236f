// SPDX-License-Identifier: Apache-2.0
// What the engine refuses before it queues a request.
#pragma once

#include <cstdint>

#include "sirocco/request.h"
#include "sirocco/result.h"

namespace sirocco {

// What a request is checked against.
struct RequestLimits {
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t context_tokens = 0;  // longest sequence
  int32_t image_token = -1;    // −1: the model knows no pictures
  bool sees = false;           // the model encodes pixels; otherwise rows must be given
  int64_t picture_side = 28;   // pixels a side that become one row
};

// Names the first field that is wrong.
Result<void> check_request(const GenerateRequest& request, const RequestLimits& limits);

}  // namespace sirocco
