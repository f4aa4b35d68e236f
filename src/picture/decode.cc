// SPDX-License-Identifier: Apache-2.0
#include "picture/decode.h"

#include <fmt/format.h>

#include <new>

#include "base/printable.h"
#include "picture/decoders.h"

namespace sirocco {

using namespace std::string_view_literals;

Result<void> check_size(int64_t width, int64_t height, const PictureLimits& limits) {
  if (width < 1 || height < 1)
    return bad_input(fmt::format("picture: {} × {} pixels, expected at least one", width, height));
  if (width > limits.max_side || height > limits.max_side)
    return bad_input(
        fmt::format("picture: {} × {} pixels, expected at most {} a side", width, height, limits.max_side));
  if (width * height > limits.max_pixels)
    return bad_input(fmt::format("picture: {} × {} = {} pixels, expected at most {}", width, height,
                                 width * height, limits.max_pixels));
  return {};
}

Result<RgbPicture> allocate_picture(int64_t width, int64_t height) try {
  return RgbPicture{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
} catch (const std::bad_alloc&) {
  return fail(ErrorKind::resource, fmt::format("picture: no memory for {} × {} pixels", width, height));
}

Result<RgbPicture> decode_picture(std::string_view file, const PictureLimits& limits) {
  if (file.size() > limits.max_file_bytes)
    return bad_input(
        fmt::format("picture: {} bytes, expected at most {}", file.size(), limits.max_file_bytes));
  if (file.starts_with("\xff\xd8\xff"sv)) return decode_jpeg(file, limits);
  if (file.starts_with("\x89PNG\r\n\x1a\n"sv)) return decode_png(file, limits);
  if (file.starts_with("RIFF"sv) && file.substr(0, 12).ends_with("WEBP"sv)) return decode_webp(file, limits);
  if (file.starts_with("GIF87a"sv) || file.starts_with("GIF89a"sv)) return decode_gif(file, limits);
  if (file.starts_with("BM"sv)) return decode_bmp(file, limits);
  if (file.empty()) return bad_input("picture: empty, expected a JPEG, PNG, WebP, GIF or BMP file");
  return fail(ErrorKind::unsupported,
              fmt::format("picture: begins with '{}', expected a JPEG, PNG, WebP, GIF or BMP file",
                          printable(file.substr(0, 8))));
}

}  // namespace sirocco
