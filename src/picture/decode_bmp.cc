// SPDX-License-Identifier: Apache-2.0
// BMP by stb_image: uncompressed ones of 1 to 32 bits. Alpha counts only where the header names its bits. Pixels of
// 16 bits are widened here, by Pillow's formula: the library's differs by one in places.
#include <fmt/format.h>

#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#include <stb/stb_image.h>

#include "picture/decoders.h"

namespace sirocco {
namespace {

// What must be known before the library sees the file.
struct Header {
  int64_t width = 0, height = 0;
  unsigned bits = 0;
  unsigned compression = 0;
  bool has_alpha = false;
  bool top_down = false;
  size_t first_row = 0;  // in the file

  size_t row_bytes() const { return (static_cast<size_t>(width) * bits + 31) / 32 * 4; }
};

uint32_t number(std::string_view file, size_t at, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes && at + static_cast<size_t>(i) < file.size(); ++i)
    value |= uint32_t{static_cast<unsigned char>(file[at + static_cast<size_t>(i)])} << (8 * i);
  return value;
}

Header read_header(std::string_view file) {
  const uint32_t size = number(file, 14, 4);
  Header header;
  header.first_row = number(file, 10, 4);
  if (size == 12) {
    header.width = number(file, 18, 2);
    header.height = number(file, 20, 2);
    header.bits = number(file, 24, 2);
    return header;
  }
  header.width = static_cast<int32_t>(number(file, 18, 4));
  const int64_t height = static_cast<int32_t>(number(file, 22, 4));
  header.height = std::abs(height);
  header.top_down = height < 0;
  header.bits = number(file, 28, 2);
  header.compression = number(file, 30, 4);
  header.has_alpha =
      header.compression == 3 && size >= 56 && header.bits == 32 && number(file, 66, 4) != 0;
  return header;
}

// Two bytes a pixel: 5, 5 and 5 bits, or where the header's masks say so 5, 6 and 5.
Result<RgbPicture> decode_words(std::string_view file, const Header& header) {
  const bool has_masks = header.compression == 3;
  const uint32_t green_mask = number(file, 58, 4);
  if (has_masks && (green_mask != 0x7e0 || number(file, 54, 4) != 0xf800 || number(file, 62, 4) != 0x1f) &&
      (green_mask != 0x3e0 || number(file, 54, 4) != 0x7c00 || number(file, 62, 4) != 0x1f))
    return fail(ErrorKind::unsupported, "picture: a BMP of 16 bits, expected the masks of 555 or 565");
  const uint32_t green_most = has_masks && green_mask == 0x7e0 ? 63 : 31;
  auto picture = allocate_picture(header.width, header.height);
  if (!picture) return picture;
  uint8_t* out = picture->rgb.data();
  for (int64_t y = 0; y < header.height; ++y) {
    const int64_t row = header.top_down ? y : header.height - 1 - y;
    size_t at = header.first_row + static_cast<size_t>(row) * header.row_bytes();
    for (int64_t x = 0; x < header.width; ++x, at += 2, out += 3) {
      const uint32_t word = number(file, at, 2);
      out[0] = static_cast<uint8_t>((word >> (green_most == 63 ? 11 : 10) & 31) * 255 / 31);
      out[1] = static_cast<uint8_t>((word >> 5 & green_most) * 255 / green_most);
      out[2] = static_cast<uint8_t>((word & 31) * 255 / 31);
    }
  }
  return picture;
}

}  // namespace

Result<RgbPicture> decode_bmp(std::string_view file, const PictureLimits& limits) {
  const Header header = read_header(file);
  if (auto ok = check_size(header.width, header.height, limits); !ok) return forward_error(ok);
  if (header.compression != 0 && header.compression != 3)
    return fail(ErrorKind::unsupported, fmt::format("picture: a BMP of compression {}, expected 0 or 3",
                                                    header.compression));
  if (header.first_row > file.size() ||
      header.row_bytes() * static_cast<size_t>(header.height) > file.size() - header.first_row)
    return bad_input("picture: broken BMP: the file ends early");  // the library would not mind
  if (header.bits == 16) return decode_words(file, header);
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()), static_cast<int>(file.size()), &width,
                            &height, &channels, header.has_alpha ? 4 : 3),
      &stbi_image_free);
  if (pixels == nullptr) return bad_input(fmt::format("picture: broken BMP: {}", stbi_failure_reason()));
  if (width != header.width || height != header.height) return bad_input("picture: broken BMP: two sizes");
  auto picture = allocate_picture(width, height);
  if (!picture) return picture;
  const stbi_uc* in = pixels.get();
  for (uint8_t& out : picture->rgb) {
    const auto channel = static_cast<size_t>(&out - picture->rgb.data()) % 3;
    out = header.has_alpha ? on_white(in[channel], in[3]) : in[channel];
    if (channel == 2) in += header.has_alpha ? 4 : 3;
  }
  return picture;
}

}  // namespace sirocco
