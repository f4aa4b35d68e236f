// SPDX-License-Identifier: Apache-2.0
// PNG by libpng. How its kinds become RGB follows Pillow's modes, quirks included: 16-bit colours lose their low
// byte but 16-bit greys are cut off at 255; the transparent colour of a truecolour file is ignored; that of a
// grey file is compared with the widened value.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "picture/decoders.h"

namespace sirocco {
namespace {

// The library leaves its functions by longjmp: no object with a destructor may live in a frame between.
class PngReader {
 public:
  PngReader(std::string_view file, const PictureLimits& limits) : file_(file), limits_(limits) {}
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  Result<RgbPicture> read() {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp message) {
          auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
          std::snprintf(self.failure_, sizeof self.failure_, "%s", message);
          std::longjmp(self.leave_, 1);
        },
        [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) return fail(ErrorKind::resource, "picture: no memory for a PNG decoder");
    if (!read_header()) return failed();
    const int64_t width = png_get_image_width(png_, info_), height = png_get_image_height(png_, info_);
    if (auto ok = check_size(width, height, limits_); !ok) return forward_error(ok);
    if (!prepare()) return failed();
    auto picture = allocate_picture(width, height);
    if (!picture) return picture;
    const size_t rows = passes_ > 1 ? static_cast<size_t>(height) : 1;  // an interlaced file needs them all
    try {
      raw_.resize(rows * row_bytes_);
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::resource, fmt::format("picture: no memory for {} × {} pixels", width, height));
    }
    picture_ = &*picture;
    if (!read_rows()) return failed();
    return picture;
  }

 private:
  Result<RgbPicture> failed() const { return bad_input(fmt::format("picture: broken PNG: {}", failure_)); }

  bool read_header() {
    if (setjmp(leave_) != 0) return false;
    png_set_read_fn(png_, this, [](png_structp png, png_bytep out, size_t count) {
      auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
      if (self.file_.size() - self.position_ < count) png_error(png, "the file ends early");
      std::memcpy(out, self.file_.data() + self.position_, count);
      self.position_ += count;
    });
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size() words the refusal
    png_set_chunk_malloc_max(png_, 1 << 20);
    png_set_chunk_cache_max(png_, 16);
    static constexpr png_byte kIgnored[] = "iCCP\0iTXt\0tEXt\0zTXt\0eXIf\0sPLT\0hIST\0pCAL";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, sizeof kIgnored / 5);
    png_read_info(png_, info_);
    return true;
  }

  bool prepare() {
    if (setjmp(leave_) != 0) return false;
    kind_ = png_get_color_type(png_, info_);
    depth_ = png_get_bit_depth(png_, info_);
    if (kind_ == PNG_COLOR_TYPE_GRAY && depth_ < 8)
      png_set_expand_gray_1_2_4_to_8(png_);
    else if (depth_ < 8)
      png_set_packing(png_);
    if (depth_ == 16 && kind_ != PNG_COLOR_TYPE_GRAY) png_set_strip_16(png_);
    png_set_check_for_invalid_index(png_, 0);
    read_palette();
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    row_bytes_ = png_get_rowbytes(png_, info_);
    return true;
  }

  void read_palette() {
    png_bytep alphas = nullptr;
    png_color_16p colour = nullptr;
    int alpha_count = 0;
    const bool transparent = png_get_tRNS(png_, info_, &alphas, &alpha_count, &colour) != 0;
    if (kind_ == PNG_COLOR_TYPE_GRAY && transparent)
      transparent_grey_ = depth_ == 1 ? (colour->gray != 0 ? 255 : 0) : colour->gray & 255;
    if (kind_ != PNG_COLOR_TYPE_PALETTE) return;
    png_colorp colours = nullptr;
    int colour_count = 0;
    png_get_PLTE(png_, info_, &colours, &colour_count);
    for (int i = 0; i < std::min(colour_count, 256); ++i) {
      const uint8_t alpha = transparent && i < alpha_count ? alphas[i] : 255;
      palette_[i][0] = on_white(colours[i].red, alpha);
      palette_[i][1] = on_white(colours[i].green, alpha);
      palette_[i][2] = on_white(colours[i].blue, alpha);
    }
  }

  bool read_rows() {
    if (setjmp(leave_) != 0) return false;
    for (int64_t pass = 0; pass < passes_; ++pass) {
      for (int64_t y = 0; y < picture_->height; ++y) {
        png_bytep row = raw_.data() + (passes_ > 1 ? static_cast<size_t>(y) * row_bytes_ : 0);
        png_read_row(png_, row, nullptr);
        if (pass + 1 == passes_) write_row(row, picture_->rgb.data() + y * picture_->width * 3);
      }
    }
    return true;
  }

  void write_row(const uint8_t* in, uint8_t* out) const {
    for (int64_t x = 0; x < picture_->width; ++x, out += 3) {
      switch (kind_) {
        case PNG_COLOR_TYPE_GRAY: {
          const int grey = depth_ == 16 ? std::min(in[0] << 8 | in[1], 255) : in[0];
          in += depth_ == 16 ? 2 : 1;
          out[0] = out[1] = out[2] = static_cast<uint8_t>(grey == transparent_grey_ ? 255 : grey);
          break;
        }
        case PNG_COLOR_TYPE_PALETTE:
          std::memcpy(out, palette_[*in++], 3);
          break;
        case PNG_COLOR_TYPE_GRAY_ALPHA:
          out[0] = out[1] = out[2] = on_white(in[0], in[1]);
          in += 2;
          break;
        case PNG_COLOR_TYPE_RGB_ALPHA:
          for (int c = 0; c < 3; ++c) out[c] = on_white(in[c], in[3]);
          in += 4;
          break;
        default:
          std::memcpy(out, in, 3);
          in += 3;
      }
    }
  }

  std::string_view file_;
  PictureLimits limits_;
  size_t position_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf leave_ = {};
  char failure_[128] = {};
  int kind_ = 0, depth_ = 0;
  int64_t passes_ = 1;
  size_t row_bytes_ = 0;
  int transparent_grey_ = -1;
  uint8_t palette_[256][3] = {};  // an index beyond the palette is black
  std::vector<uint8_t> raw_;
  RgbPicture* picture_ = nullptr;
};

}  // namespace

Result<RgbPicture> decode_png(std::string_view file, const PictureLimits& limits) {
  return PngReader(file, limits).read();
}

}  // namespace sirocco
