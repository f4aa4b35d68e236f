// SPDX-License-Identifier: Apache-2.0
// GIF by giflib: the first frame, on a canvas of its transparent colour, or of colour 0 if it has none.
#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "picture/decoders.h"

namespace sirocco {
namespace {

struct Source {
  std::string_view file;
  size_t position = 0;
};

int read_bytes(GifFileType* gif, GifByteType* out, int count) {
  auto& source = *static_cast<Source*>(gif->UserData);
  const size_t taken = std::min(static_cast<size_t>(std::max(count, 0)), source.file.size() - source.position);
  std::memcpy(out, source.file.data() + source.position, taken);
  source.position += taken;
  return static_cast<int>(taken);
}

void close_gif(GifFileType* gif) {
  DGifCloseFile(gif, nullptr);
}

class GifReader {
 public:
  GifReader(std::string_view file, const PictureLimits& limits) : source_{file}, limits_(limits) {}

  Result<RgbPicture> read() {
    int error = 0;
    gif_.reset(DGifOpen(&source_, read_bytes, &error));
    if (gif_ == nullptr) return broken(error);
    // A screen is no allocation yet; it may be empty and grow with the frame.
    if (!find_frame()) return broken(gif_->Error);
    const GifImageDesc& frame = gif_->Image;
    if (frame.Left < 0 || frame.Top < 0 || frame.Width < 1 || frame.Height < 1)
      return bad_input(
          fmt::format("picture: broken GIF: a frame of {} × {} pixels", frame.Width, frame.Height));
    const int64_t width = std::max<int64_t>(gif_->SWidth, int64_t{frame.Left} + frame.Width);
    const int64_t height = std::max<int64_t>(gif_->SHeight, int64_t{frame.Top} + frame.Height);
    if (auto ok = check_size(width, height, limits_); !ok) return forward_error(ok);
    auto picture = allocate_picture(width, height);
    if (!picture) return picture;
    fill_palette();
    const uint8_t* empty = palette_[transparent_ >= 0 ? transparent_ : 0];
    for (int64_t i = 0; i < width * height; ++i) std::memcpy(picture->rgb.data() + 3 * i, empty, 3);
    if (!read_frame(*picture)) return broken(gif_->Error);
    return picture;
  }

 private:
  static Result<RgbPicture> broken(int error) {
    const char* reason = GifErrorString(error);
    return bad_input(fmt::format("picture: broken GIF: {}", reason != nullptr ? reason : "no frame"));
  }

  // Reads up to the description of the first frame and keeps the last graphics control before it.
  bool find_frame() {
    for (;;) {
      GifRecordType record = UNDEFINED_RECORD_TYPE;
      if (DGifGetRecordType(gif_.get(), &record) == GIF_ERROR) return false;
      if (record == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(gif_.get()) != GIF_ERROR;
      if (record == TERMINATE_RECORD_TYPE) return false;
      if (record != EXTENSION_RECORD_TYPE) continue;
      int code = 0;
      GifByteType* block = nullptr;  // its first byte is its length
      if (DGifGetExtension(gif_.get(), &code, &block) == GIF_ERROR) return false;
      if (code == GRAPHICS_EXT_FUNC_CODE && block != nullptr && block[0] >= 4 && (block[1] & 1) != 0)
        transparent_ = block[4];
      while (block != nullptr)
        if (DGifGetExtensionNext(gif_.get(), &block) == GIF_ERROR) return false;
    }
  }

  // No palette: greys. An index beyond the palette is black; the transparent one is white.
  void fill_palette() {
    const ColorMapObject* colours = gif_->Image.ColorMap != nullptr ? gif_->Image.ColorMap : gif_->SColorMap;
    for (int i = 0; i < 256; ++i) {
      if (colours == nullptr) std::fill_n(palette_[i], 3, static_cast<uint8_t>(i));
      if (colours == nullptr || i >= colours->ColorCount) continue;
      palette_[i][0] = colours->Colors[i].Red;
      palette_[i][1] = colours->Colors[i].Green;
      palette_[i][2] = colours->Colors[i].Blue;
    }
    if (transparent_ >= 0) std::fill_n(palette_[transparent_], 3, uint8_t{255});
  }

  bool read_frame(RgbPicture& picture) {
    static constexpr int kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
    const GifImageDesc& frame = gif_->Image;
    std::vector<GifPixelType> row(static_cast<size_t>(frame.Width));
    const int passes = frame.Interlace ? 4 : 1;
    for (int pass = 0; pass < passes; ++pass)
      for (int y = frame.Interlace ? kFirst[pass] : 0; y < frame.Height; y += frame.Interlace ? kStep[pass] : 1) {
        if (DGifGetLine(gif_.get(), row.data(), frame.Width) == GIF_ERROR) return false;
        uint8_t* out = picture.rgb.data() + 3 * ((int64_t{frame.Top} + y) * picture.width + frame.Left);
        for (const GifPixelType index : row) {
          std::memcpy(out, palette_[index], 3);
          out += 3;
        }
      }
    return true;
  }

  Source source_;
  PictureLimits limits_;
  std::unique_ptr<GifFileType, void (*)(GifFileType*)> gif_{nullptr, close_gif};
  int transparent_ = -1;
  uint8_t palette_[256][3] = {};
};

}  // namespace

Result<RgbPicture> decode_gif(std::string_view file, const PictureLimits& limits) {
  return GifReader(file, limits).read();
}

}  // namespace sirocco
