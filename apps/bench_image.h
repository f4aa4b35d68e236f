// SPDX-License-Identifier: Apache-2.0
// The picture test of `sirocco bench`: how long a picture of one size takes, and the longest of its steps, which
// is how long other streams wait at most.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/model.h"
#include "run/profile.h"
#include "run/roof.h"
#include "sirocco/result.h"

namespace sirocco {

struct ImageMeasurement {
  int64_t width = 0, height = 0;  // as encoded
  int64_t rows = 0;               // of the text model
  double seconds = 0.0, fastest = 0.0, slowest = 0.0;  // median and range of whole pictures
  double longest_step = 0.0;                           // seconds
  double operations = 0.0;
  std::vector<OperatorCost> operators;  // of all repeats

  double gop_per_second() const { return operations / seconds / 1e9; }
  // Of the units that multiply 16-bit weights; 0 where nothing was measured.
  double share(const Roof& roof) const {
    return roof.wide_tops() > 0.0 ? gop_per_second() / (1e3 * roof.wide_tops()) : 0.0;
  }
};

struct PictureSize {
  int64_t width, height;  // pixels
};

// "WxH", or one number for both.
Result<PictureSize> picture_size(const std::string& text);

// The size is rounded up to whole tokens.
Result<ImageMeasurement> bench_image(Model& model, PictureSize size, int repeat, Profile& profile);

}  // namespace sirocco
