// SPDX-License-Identifier: Apache-2.0
// A picture file → RGB, equal to what mistral-common 1.13.1 makes of it by way of Pillow: JPEG, PNG, WebP, GIF and
// BMP, told apart by their first bytes. Of an animation the first frame counts; EXIF orientation does not, and
// neither do colour profiles.
#pragma once

#include <string_view>

#include "picture/rgb_picture.h"
#include "sirocco/result.h"

namespace sirocco {

// bad_input: broken, or beyond a limit. unsupported: none of the five formats, or a rare kind of one.
Result<RgbPicture> decode_picture(std::string_view file, const PictureLimits& limits = {});

}  // namespace sirocco
