// SPDX-License-Identifier: Apache-2.0
#include "bench_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace sirocco {
namespace {

constexpr double kWidth = 640, kHeight = 360, kMargin = 50;
constexpr const char* kColours[] = {"#1f5fa8", "#c2452d", "#2f8f4e", "#8a5bb5"};

}  // namespace

std::string plot_svg(const std::vector<PlotPoint>& points) {
  double deepest = 1.0;
  std::map<std::string, std::vector<PlotPoint>> lines;
  for (const PlotPoint& point : points) {
    deepest = std::max(deepest, point.depth);
    lines[point.test].push_back(point);
  }
  const double x_span = kWidth - 2 * kMargin, y_span = kHeight - 2 * kMargin;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<path d=\"M{} {}V{}H{}\" fill=\"none\" stroke=\"black\"/>\n",
      kWidth, kHeight, kMargin, kMargin, kHeight - kMargin, kWidth - kMargin);
  svg += fmt::format("<text x=\"{}\" y=\"{}\">depth (tokens)</text>\n", kWidth / 2, kHeight - 15);
  size_t index = 0;
  for (const auto& [test, line] : lines) {
    double fastest = 0.0;
    for (const PlotPoint& point : line) fastest = std::max(fastest, point.tokens_per_second);
    const char* colour = kColours[index % std::size(kColours)];
    std::string path;
    for (const PlotPoint& point : line) {
      const double x = kMargin + x_span * point.depth / deepest;
      const double y = kHeight - kMargin - y_span * point.tokens_per_second / fastest;
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
      svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\">{:.4g}</text>\n", x, y - 4, colour,
                         point.tokens_per_second);
    }
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\"/>\n", path, colour);
    svg += fmt::format("<text x=\"{}\" y=\"{}\" fill=\"{}\">{} tok/s</text>\n", kWidth - kMargin - 90,
                       kMargin + 15 * static_cast<double>(index), colour, test);
    ++index;
  }
  return svg + "</svg>\n";
}

}  // namespace sirocco
