// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/vision_projector.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "run/cpu/linear.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

constexpr int64_t kRowGrain = 4;

float gelu(float x) {
  return 0.5f * x * (1.0f + std::erf(x * static_cast<float>(1.0 / std::numbers::sqrt2)));
}

}  // namespace

VisionProjector::VisionProjector(const Config& config, const VisionWeights& weights, int64_t rows,
                                 MatrixLoader& loader)
    : merge_(config.vision->merge),
      hidden_(config.vision->hidden),
      eps_(static_cast<float>(config.norm_eps)),
      merger_(loader.load_narrowed(weights.merger)),
      in_(loader.load_narrowed(weights.projector_in)),
      out_(loader.load_narrowed(weights.projector_out)),
      joined_(rows * hidden_ * merge_ * merge_),
      merged_(rows * hidden_),
      wide_(rows * config.hidden) {
  if (weights.projector_norm.present()) norm_ = decode_vector(weights.projector_norm);
}

double VisionProjector::operations() const {
  const int64_t merger = merger_.present() ? merger_.rows() * merger_.cols() : 0;
  return 2.0 * static_cast<double>(merger + in_.rows() * in_.cols() + out_.rows() * out_.cols());
}

void VisionProjector::run(View<const float> x, int64_t width, int64_t first, View<float> out,
                          Compute& compute) const {
  const Profile::Scope scope(compute.profile, "vision: projector");
  const int64_t rows = out.rows, block = merge_ * merge_;
  const View<float> joined = joined_.view(rows, hidden_ * block);
  compute.pool.parallel_for(rows, kRowGrain, [&](int64_t begin, int64_t end, int worker) {
    float* normed = compute.scratch(worker, hidden_);
    for (int64_t t = begin; t < end; ++t) {
      const int64_t down = (first + t) / (width / merge_) * merge_;
      const int64_t right = (first + t) % (width / merge_) * merge_;
      for (int64_t b = 0; b < block; ++b) {
        const float* patch = x.row((down + b / merge_) * width + right + b % merge_);
        if (norm_.size() > 0)
          compute.ops.rms_norm(patch, norm_.data(), hidden_, eps_, normed);
        else
          std::copy_n(patch, hidden_, normed);
        for (int64_t c = 0; c < hidden_; ++c) joined.at(t, c * block + b) = normed[c];
      }
    }
  });
  View<const float> features = joined;
  if (merger_.present()) {
    linear(merger_, joined, merged_.view(rows, hidden_), compute);
    features = merged_.view(rows, hidden_);
  }
  const View<float> wide = wide_.view(rows, in_.rows());
  linear(in_, features, wide, compute);
  compute.pool.parallel_for(rows, kRowGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = 0; i < wide.cols; ++i) wide.at(t, i) = gelu(wide.at(t, i));
  });
  linear(out_, wide, out, compute);
}

}  // namespace sirocco
