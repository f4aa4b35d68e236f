// SPDX-License-Identifier: Apache-2.0
// WebP by libwebp: lossy, lossless, with alpha; the first frame of an animation, on a canvas that is transparent
// where the file has an alpha channel and black where it has none.
#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "picture/decoders.h"

namespace sirocco {

Result<RgbPicture> decode_webp(std::string_view file, const PictureLimits& limits) {
  const WebPData data = {reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK)
    return bad_input("picture: broken WebP: no readable header");
  if (auto ok = check_size(features.width, features.height, limits); !ok) return forward_error(ok);

  // The canvas of the demuxer is what gets allocated: an animation's may differ from its first frame's size.
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data), &WebPDemuxDelete);
  if (demuxer == nullptr) return bad_input("picture: broken WebP: its chunks do not fit together");
  const int64_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  const int64_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  if (auto ok = check_size(width, height, limits); !ok) return forward_error(ok);
  const bool has_alpha = (WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;

  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0)
    return fail(ErrorKind::unsupported, "picture: libwebpdemux differs from the headers of this build");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), &WebPAnimDecoderDelete);
  if (decoder == nullptr) return bad_input("picture: broken WebP: no frame to decode");
  uint8_t* rgba = nullptr;  // the decoder's own
  int milliseconds = 0;
  if (WebPAnimDecoderGetNext(decoder.get(), &rgba, &milliseconds) == 0)
    return bad_input("picture: broken WebP: the first frame cannot be decoded");
  auto picture = allocate_picture(width, height);
  if (!picture) return picture;
  uint8_t* out = picture->rgb.data();
  for (int64_t i = 0; i < width * height; ++i, rgba += 4, out += 3)
    for (int c = 0; c < 3; ++c) out[c] = has_alpha ? on_white(rgba[c], rgba[3]) : rgba[c];
  return picture;
}

}  // namespace sirocco
