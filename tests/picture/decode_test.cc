// SPDX-License-Identifier: Apache-2.0
#include "picture/decode.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "picture/decoders.h"

namespace sirocco {
namespace {

std::string golden_file(const std::string& name) {
  const auto file = read_file(SIROCCO_SOURCE_DIR "/tests/golden/picture/" + name, 1 << 20);
  EXPECT_TRUE(file) << file.error().message;
  return file ? *file : "";
}

std::string error_of(const Result<RgbPicture>& result) {
  return result ? "" : result.error().message;
}

TEST(Decode, SaysWhatItExpected) {
  EXPECT_EQ(error_of(decode_picture("")), "picture: empty, expected a JPEG, PNG, WebP, GIF or BMP file");
  EXPECT_EQ(error_of(decode_picture("%PDF-1.7 and more")),
            "picture: begins with '%PDF-1.7', expected a JPEG, PNG, WebP, GIF or BMP file");
  EXPECT_EQ(decode_picture("%PDF-1.7").error().kind, ErrorKind::unsupported);
}

TEST(Decode, HoldsFilesAgainstTheLimitsBeforeReadingThem) {
  PictureLimits limits;
  limits.max_file_bytes = 100;
  EXPECT_EQ(error_of(decode_picture(std::string(101, 'x'), limits)),
            "picture: 101 bytes, expected at most 100");
  for (const char* name : {"rgb.png", "plain.jpg", "lossless.webp", "plain.gif", "rgb.bmp"}) {
    SCOPED_TRACE(name);
    const std::string file = golden_file(name);
    const auto whole = decode_picture(file);
    ASSERT_TRUE(whole) << whole.error().message;
    PictureLimits sides, pixels;
    sides.max_side = std::max(whole->width, whole->height) - 1;
    EXPECT_NE(error_of(decode_picture(file, sides)).find("a side"), std::string::npos);
    pixels.max_pixels = whole->width * whole->height - 1;
    EXPECT_NE(error_of(decode_picture(file, pixels)).find("pixels, expected at most"), std::string::npos);
  }
}

// A header of 2 × 10⁹ pixels in 60 bytes costs nothing.
TEST(Decode, BelievesNoHeader) {
  std::string png = golden_file("one.png");
  png.replace(16, 8, std::string("\x00\x00\x75\x30\x00\x00\x75\x30", 8));
  EXPECT_FALSE(decode_picture(png));  // the checksum of the header
  std::string bmp = golden_file("rgb.bmp");
  bmp.replace(18, 8, std::string("\x00\x7f\x00\x00\x00\x7f\x00\x00", 8));
  EXPECT_NE(error_of(decode_picture(bmp)).find("32512 × 32512 = "), std::string::npos);
  std::string gif = golden_file("plain.gif");
  gif.replace(6, 4, "\xff\xff\xff\xff");
  EXPECT_NE(error_of(decode_picture(gif)).find("at most 32768 a side"), std::string::npos);
}

TEST(Decode, RefusesPartsOfFiles) {
  for (const char* name : {"rgb.png", "interlaced.png", "plain.jpg", "progressive.jpg", "lossless.webp", "lossy.webp",
                           "plain.gif", "rgb.bmp", "rgb555.bmp"}) {
    SCOPED_TRACE(name);
    const std::string file = golden_file(name);
    for (const size_t bytes : {size_t{12}, size_t{30}, file.size() / 2, file.size() * 9 / 10}) {
      const auto picture = decode_picture(std::string_view(file).substr(0, bytes));
      ASSERT_FALSE(picture) << bytes;
      EXPECT_TRUE(picture.error().message.starts_with("picture: ")) << picture.error().message;
    }
  }
}

TEST(Decode, StopsAtTooManyScans) {
  PictureLimits limits;
  limits.max_scans = 3;
  EXPECT_EQ(error_of(decode_picture(golden_file("progressive.jpg"), limits)),
            "picture: broken JPEG: more than 3 scans");
}

TEST(Decode, LaysOnWhiteAsPillowRounds) {
  for (int colour = 0; colour < 256; ++colour)
    for (int alpha = 0; alpha < 256; ++alpha) {
      const int exact = 255 * (255 - alpha) + colour * alpha;  // of 255²
      EXPECT_EQ(on_white(static_cast<uint8_t>(colour), static_cast<uint8_t>(alpha)), (exact + 127) / 255);
    }
}

}  // namespace
}  // namespace sirocco
