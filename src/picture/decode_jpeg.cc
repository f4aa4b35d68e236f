// SPDX-License-Identifier: Apache-2.0
// JPEG by libjpeg-turbo with its defaults (accurate integer DCT, smooth upsampling), as Pillow uses it. A file
// that ends in the middle of the picture is an error; other damage that the library repairs is not.
#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include "picture/decoders.h"

namespace sirocco {
namespace {

// The library leaves its functions by longjmp: no object with a destructor may live in a frame between.
class JpegReader {
 public:
  JpegReader(std::string_view file, const PictureLimits& limits) : file_(file), limits_(limits) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr jpeg) {
      auto& self = *static_cast<JpegReader*>(jpeg->client_data);
      if (self.failure_[0] == '\0') jpeg->err->format_message(jpeg, self.failure_);
      std::longjmp(self.leave_, 1);
    };
    errors_.output_message = [](j_common_ptr) {};
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF) jpeg->err->error_exit(jpeg);
    };
    jpeg_.client_data = this;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  Result<RgbPicture> read() {
    if (!read_header()) return failed();
    const int channels = jpeg_.num_components;
    if (channels != 1 && channels != 3 && channels != 4)
      return fail(ErrorKind::unsupported,
                  fmt::format("picture: a JPEG of {} components, expected 1, 3 or 4", channels));
    if (auto ok = check_size(jpeg_.image_width, jpeg_.image_height, limits_); !ok) return forward_error(ok);
    auto picture = allocate_picture(jpeg_.image_width, jpeg_.image_height);
    if (!picture) return picture;
    row_.resize(static_cast<size_t>(jpeg_.image_width) * static_cast<size_t>(channels));
    picture_ = &*picture;
    if (!read_rows()) return failed();
    return picture;
  }

 private:
  Result<RgbPicture> failed() const { return bad_input(fmt::format("picture: broken JPEG: {}", failure_)); }

  bool read_header() {
    if (setjmp(leave_) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(file_.data()),
                 static_cast<unsigned long>(file_.size()));
    progress_.progress_monitor = [](j_common_ptr jpeg) {
      auto& self = *static_cast<JpegReader*>(jpeg->client_data);
      if (self.jpeg_.input_scan_number <= self.limits_.max_scans) return;
      std::snprintf(self.failure_, sizeof self.failure_, "more than %d scans", self.limits_.max_scans);
      jpeg->err->error_exit(jpeg);
    };
    jpeg_.progress = &progress_;
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool read_rows() {
    if (setjmp(leave_) != 0) return false;
    if (jpeg_.num_components == 1) jpeg_.out_color_space = JCS_GRAYSCALE;
    if (jpeg_.num_components == 3) jpeg_.out_color_space = JCS_RGB;
    if (jpeg_.num_components == 4) jpeg_.out_color_space = JCS_CMYK;
    jpeg_start_decompress(&jpeg_);
    JSAMPROW row = row_.data();
    while (jpeg_.output_scanline < jpeg_.output_height) {
      uint8_t* out = picture_->rgb.data() + static_cast<size_t>(jpeg_.output_scanline) * jpeg_.output_width * 3;
      jpeg_read_scanlines(&jpeg_, &row, 1);
      write_row(out);
    }
    return true;
  }

  void write_row(uint8_t* out) const {
    const uint8_t* in = row_.data();
    for (JDIMENSION x = 0; x < jpeg_.output_width; ++x, out += 3) {
      if (jpeg_.num_components == 1) {
        out[0] = out[1] = out[2] = *in++;
      } else if (jpeg_.num_components == 3) {
        for (int c = 0; c < 3; ++c) out[c] = *in++;
      } else {  // inverted, as Adobe writes them and Pillow takes every one
        const unsigned white = in[3];
        for (int c = 0; c < 3; ++c) {
          const unsigned sum = (255U - in[c]) * white + 128U;
          const unsigned ink = ((sum >> 8) + sum) >> 8;
          out[c] = static_cast<uint8_t>(white > ink ? white - ink : 0U);
        }
        in += 4;
      }
    }
  }

  std::string_view file_;
  PictureLimits limits_;
  jpeg_decompress_struct jpeg_ = {};
  jpeg_error_mgr errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::jmp_buf leave_ = {};
  char failure_[JMSG_LENGTH_MAX] = {};
  std::vector<uint8_t> row_;
  RgbPicture* picture_ = nullptr;
};

}  // namespace

Result<RgbPicture> decode_jpeg(std::string_view file, const PictureLimits& limits) {
  return JpegReader(file, limits).read();
}

}  // namespace sirocco
