// SPDX-License-Identifier: Apache-2.0
#include "bench_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string_view>

#include "stopwatch.h"

namespace sirocco {
namespace {

bool parse_side(std::string_view text, int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0;
}

}  // namespace

Result<PictureSize> picture_size(const std::string& text) {
  PictureSize size{};
  const size_t cross = text.find('x');
  if (!parse_side(std::string_view(text).substr(0, cross), size.width) ||
      !parse_side(cross == std::string::npos ? text : std::string_view(text).substr(cross + 1), size.height))
    return bad_input(fmt::format("{}: expected WIDTHxHEIGHT in pixels", text));
  return size;
}

Result<ImageMeasurement> bench_image(Model& model, PictureSize size, int repeat, Profile& profile) {
  ImageMeasurement result;
  result.width = size.width;
  result.height = size.height;
  if (!model.sees()) return model.encode({}).map([](const auto&) { return ImageMeasurement{}; });
  const VisionConfig& vision = *model.config().vision;
  const int64_t unit = vision.patch * vision.merge;
  for (int64_t* side : {&result.width, &result.height}) {
    if (*side > vision.image_size)
      return bad_input(fmt::format("--image {}x{}: the tower takes up to {} pixels a side", size.width, size.height,
                                   vision.image_size));
    *side = (*side + unit - 1) / unit * unit;
  }

  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(vision.channels * result.height * result.width));
  for (float& value : values) value = normal(random);
  const PixelView pixels{result.height, result.width,
                         make_view<const float>(values.data(), vision.channels * result.height, result.width)};
  profile.clear();
  std::vector<double> times;
  for (int i = 0; i < repeat; ++i) {
    const auto begin = Clock::now();
    auto encoding = model.encode(pixels);
    if (!encoding) return forward_error(encoding);
    for (bool done = false; !done;) {
      const auto step = Clock::now();
      done = (*encoding)->step();
      result.longest_step = std::max(result.longest_step, seconds_since(step));
    }
    times.push_back(seconds_since(begin));
    result.rows = (*encoding)->rows().rows;
    result.operations = (*encoding)->operations();
  }
  std::sort(times.begin(), times.end());
  result.seconds = times[times.size() / 2];
  result.fastest = times.front();
  result.slowest = times.back();
  result.operators = profile.operators();
  return result;
}

}  // namespace sirocco
