// SPDX-License-Identifier: Apache-2.0
// What every decoder's fuzz target asks of it: a reason, or a picture within the limits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "picture/decoders.h"

namespace sirocco {

inline int fuzz_decoder(Result<RgbPicture> (*decode)(std::string_view, const PictureLimits&), const uint8_t* data,
                        size_t size) {
  PictureLimits limits;
  limits.max_side = 2048;  // small, so that an execution is short
  limits.max_pixels = 1 << 18;
  limits.max_scans = 16;
  const auto picture = decode({reinterpret_cast<const char*>(data), size}, limits);
  if (!picture) {
    CHECK(!picture.error().message.empty());
    return 0;
  }
  CHECK(picture->width >= 1 && picture->height >= 1 && picture->width * picture->height <= limits.max_pixels);
  CHECK(picture->rgb.size() == static_cast<size_t>(picture->width * picture->height * 3));
  return 0;
}

}  // namespace sirocco
