// SPDX-License-Identifier: Apache-2.0
// A small SVG line chart: tokens a second over depth, one line a test, each scaled to its own maximum.
#pragma once

#include <string>
#include <vector>

namespace sirocco {

struct PlotPoint {
  std::string test;
  double depth, tokens_per_second;
};

std::string plot_svg(const std::vector<PlotPoint>& points);

}  // namespace sirocco
