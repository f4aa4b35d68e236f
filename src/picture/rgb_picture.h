// SPDX-License-Identifier: Apache-2.0
// RgbPicture: a decoded picture, 8 bits a channel, in the order of the file's rows. What is transparent was
// laid on white already.
#pragma once

#include <cstdint>
#include <vector>

namespace sirocco {

struct RgbPicture {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> rgb;  // [height, width, 3]
};

// Held against what a file says of itself before memory is spent on it.
struct PictureLimits {
  uint64_t max_file_bytes = uint64_t{64} << 20;
  int64_t max_side = 32768;
  int64_t max_pixels = int64_t{1} << 26;
  int max_scans = 256;  // of a progressive JPEG: each costs as much as a picture
};

}  // namespace sirocco
