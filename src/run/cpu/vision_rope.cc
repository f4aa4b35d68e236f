// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/vision_rope.h"

#include <algorithm>

#include "base/check.h"
#include "ops/rope.h"

namespace sirocco {
namespace {

constexpr int64_t kMostAngles = 512;  // of a head of 1024, more than any configuration may ask for

void fill(const std::vector<float>& inv_freq, int64_t positions, std::vector<float>& cos,
          std::vector<float>& sin) {
  const size_t angles = inv_freq.size();
  cos.resize(static_cast<size_t>(positions) * angles);
  sin.resize(cos.size());
  for (size_t p = 0; p < static_cast<size_t>(positions); ++p)
    rope_angles(inv_freq, static_cast<int64_t>(p), 1.0f, cos.data() + p * angles, sin.data() + p * angles);
}

}  // namespace

VisionRope::VisionRope(const VisionConfig& config, bool interleaved, int64_t height, int64_t width)
    : heads_(config.heads),
      head_dim_(config.hidden / config.heads),
      width_(width),
      interleaved_(interleaved) {
  const std::vector<float> all =
      yarn_frequencies(head_dim_, {.theta = config.rope_theta,
                                   .factor = 1.0,
                                   .beta_fast = 0.0,
                                   .beta_slow = 0.0,
                                   .original_max_positions = 0});
  CHECK(head_dim_ % 4 == 0 && head_dim_ / 2 <= kMostAngles);
  std::vector<float> even, odd;
  for (size_t i = 0; i < all.size(); i += 2) {
    even.push_back(all[i]);
    odd.push_back(all[i + 1]);
  }
  fill(even, height, row_cos_, row_sin_);
  fill(odd, width, col_cos_, col_sin_);
}

void VisionRope::rotate(int64_t index, float* row) const {
  const int64_t quarter = head_dim_ / 4;
  const int64_t r = index / width_ * quarter, c = index % width_ * quarter;
  float cos[kMostAngles], sin[kMostAngles];
  std::copy_n(row_cos_.data() + r, quarter, cos);
  std::copy_n(col_cos_.data() + c, quarter, cos + quarter);
  std::copy_n(row_sin_.data() + r, quarter, sin);
  std::copy_n(col_sin_.data() + c, quarter, sin + quarter);
  const auto turn = interleaved_ ? rotate_interleaved : rotate_halves;
  for (int64_t h = 0; h < heads_; ++h) turn(row + h * head_dim_, cos, sin, head_dim_);
}

}  // namespace sirocco
