// SPDX-License-Identifier: Apache-2.0
#include "picture/picture_pixels.h"

#include <fmt/format.h>

#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr float kMean[] = {0.48145466F, 0.4578275F, 0.40821073F};
constexpr float kDeviation[] = {0.26862954F, 0.26130258F, 0.27577711F};

// OpenCV throws where memory ends; nothing of it may leave this file.
cv::Mat resized(const RgbPicture& picture, int width, int height) {
  cv::Mat bytes(static_cast<int>(picture.height), static_cast<int>(picture.width), CV_8UC3,
                const_cast<uint8_t*>(picture.rgb.data()));
  cv::Mat floats, target;
  bytes.convertTo(floats, CV_32F);
  cv::resize(floats, target, cv::Size(width, height), 0, 0, cv::INTER_CUBIC);
  return target;
}

}  // namespace

Result<PicturePixels> normalised_pixels(const RgbPicture& picture, int64_t width, int64_t height) try {
  CHECK(width > 0 && height > 0 && !picture.rgb.empty());
  cv::setNumThreads(1);  // the caller's thread alone: the others are the model's
  const cv::Mat target = resized(picture, static_cast<int>(width), static_cast<int>(height));
  PicturePixels pixels;
  pixels.width = width;
  pixels.height = height;
  pixels.values.resize(static_cast<size_t>(3 * width * height));
  for (int64_t y = 0; y < height; ++y) {
    const float* in = target.ptr<float>(static_cast<int>(y));
    for (int c = 0; c < 3; ++c) {
      float* out = pixels.values.data() + (c * height + y) * width;
      for (int64_t x = 0; x < width; ++x) out[x] = (in[3 * x + c] / 255.0F - kMean[c]) / kDeviation[c];
    }
  }
  return pixels;
} catch (const std::exception&) {
  return fail(ErrorKind::resource, fmt::format("picture: no memory to resize {} × {} pixels to {} × {}",
                                               picture.width, picture.height, width, height));
}

}  // namespace sirocco
