// SPDX-License-Identifier: Apache-2.0
// Files of every kind against mistral-common 1.13.1 by way of Pillow and OpenCV: RGB bytes and normalised pixels,
// to the bit (reference/picture_goldens.py).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "picture/content_hash.h"
#include "picture/decode.h"
#include "picture/picture_pixels.h"

namespace sirocco {
namespace {

const std::string kFolder = SIROCCO_SOURCE_DIR "/tests/golden/picture/";

std::string sha256(const void* data, size_t bytes) {
  std::string text;
  for (const uint8_t byte : content_hash({static_cast<const char*>(data), bytes}))
    text += fmt::format("{:02x}", byte);
  return text;
}

TEST(Golden, FilesBecomeTheReferencesPixels) {
  const auto text = read_file(kFolder + "goldens.json", 1 << 20);
  ASSERT_TRUE(text) << text.error().message;
  const auto goldens = parse_json(*text, "goldens.json");
  ASSERT_TRUE(goldens) << goldens.error().message;
  ASSERT_GE(goldens->size(), 60u);
  for (const auto& [name, golden] : goldens->items()) {
    SCOPED_TRACE(name + " of mode " + golden["mode"].get<std::string>());
    const auto file = read_file(kFolder + name, 1 << 20);
    ASSERT_TRUE(file) << file.error().message;
    const auto picture = decode_picture(*file);
    ASSERT_TRUE(picture) << picture.error().message;
    EXPECT_EQ(picture->width, golden["width"].get<int64_t>());
    EXPECT_EQ(picture->height, golden["height"].get<int64_t>());
    EXPECT_EQ(sha256(picture->rgb.data(), picture->rgb.size()), golden["rgb"].get<std::string>());
    const auto pixels = normalised_pixels(*picture, golden["target_width"].get<int64_t>(),
                                          golden["target_height"].get<int64_t>());
    ASSERT_TRUE(pixels) << pixels.error().message;
    EXPECT_EQ(sha256(pixels->values.data(), pixels->values.size() * sizeof(float)),
              golden["pixels"].get<std::string>());
  }
}

}  // namespace
}  // namespace sirocco
