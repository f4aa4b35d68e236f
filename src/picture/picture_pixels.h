// SPDX-License-Identifier: Apache-2.0
// From RGB to what the vision encoder reads, equal to mistral-common 1.13.1's image.py bit for bit: OpenCV's cubic
// resize on float32 (no antialiasing, overshoot kept), divided by 255, normalised, channel by channel.
#pragma once

#include "picture/rgb_picture.h"
#include "sirocco/request.h"
#include "sirocco/result.h"

namespace sirocco {

// REQUIRES: the target size is positive. Only memory can run out.
Result<PicturePixels> normalised_pixels(const RgbPicture& picture, int64_t width, int64_t height);

}  // namespace sirocco
