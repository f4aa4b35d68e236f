// SPDX-License-Identifier: Apache-2.0
// Covers: src/picture/decode_webp.cc
#include "base/check.h"
#include "picture/decoders.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sirocco::PictureLimits limits;
  limits.max_side = 2048;  // small, so that an execution is short
  limits.max_pixels = 1 << 18;
  limits.max_scans = 16;
  const auto picture = sirocco::decode_webp({reinterpret_cast<const char*>(data), size}, limits);
  if (!picture) {
    CHECK(!picture.error().message.empty());
    return 0;
  }
  CHECK(picture->width >= 1 && picture->height >= 1 && picture->width * picture->height <= limits.max_pixels);
  CHECK(picture->rgb.size() == static_cast<size_t>(picture->width * picture->height * 3));
  return 0;
}
