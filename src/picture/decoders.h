// SPDX-License-Identifier: Apache-2.0
// One decoder a format; decode.h chooses. Each fails for whatever its library cannot read, and none trusts a
// size before check_size() has seen it.
#pragma once

#include <string_view>

#include "picture/rgb_picture.h"
#include "sirocco/result.h"

namespace sirocco {

Result<RgbPicture> decode_jpeg(std::string_view file, const PictureLimits& limits);
Result<RgbPicture> decode_png(std::string_view file, const PictureLimits& limits);
Result<RgbPicture> decode_webp(std::string_view file, const PictureLimits& limits);
Result<RgbPicture> decode_gif(std::string_view file, const PictureLimits& limits);
Result<RgbPicture> decode_bmp(std::string_view file, const PictureLimits& limits);

// Refuses a picture of no pixels and one beyond the limits.
Result<void> check_size(int64_t width, int64_t height, const PictureLimits& limits);
// REQUIRES: check_size() passed. Fails with ErrorKind::resource. The pixels are zero.
Result<RgbPicture> allocate_picture(int64_t width, int64_t height);

// One channel of a pixel laid on white, rounded as Pillow's paste rounds.
inline uint8_t on_white(uint8_t colour, uint8_t alpha) {
  const unsigned sum = 255U * (255U - alpha) + static_cast<unsigned>(colour) * alpha + 128U;
  return static_cast<uint8_t>(((sum >> 8) + sum) >> 8);
}

}  // namespace sirocco
