// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/vision_layer.h"

#include "run/cpu/linear.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

constexpr int64_t kPatchGrain = 16;

void add_rows(View<const float> y, View<float> x, Compute& compute) {
  compute.pool.parallel_for(x.rows, kPatchGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      for (int64_t i = 0; i < x.cols; ++i) x.at(t, i) += y.at(t, i);
  });
}

void rotate_rows(View<float> x, int64_t first, const VisionRope& rope, Compute& compute) {
  compute.pool.parallel_for(x.rows, kPatchGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) rope.rotate(first + t, x.row(t));
  });
}

}  // namespace

void norm_rows(View<const float> x, const AlignedBuffer<float>& weight, float eps, View<float> y,
               Compute& compute) {
  compute.pool.parallel_for(x.rows, kPatchGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      compute.ops.rms_norm(x.row(t), weight.data(), x.cols, eps, y.row(t));
  });
}

VisionScratch::VisionScratch(const VisionConfig& config, int64_t patches)
    : normed(patches * config.hidden),
      queries(patches * config.hidden),
      keys(patches * config.hidden),
      values(patches * config.hidden),
      gate(patches * config.width),
      up(patches * config.width) {}

VisionLayer::VisionLayer(const VisionLayerWeights& weights, MatrixLoader& loader)
    : attention_norm_(decode_vector(weights.attention_norm)),
      ffn_norm_(decode_vector(weights.ffn_norm)),
      q_(loader.load_narrowed(weights.q)),
      k_(loader.load_narrowed(weights.k)),
      v_(loader.load_narrowed(weights.v)),
      o_(loader.load_narrowed(weights.o)),
      gate_(loader.load_narrowed(weights.feed_forward.gate)),
      up_(loader.load_narrowed(weights.feed_forward.up)),
      down_(loader.load_narrowed(weights.feed_forward.down)) {}

double VisionLayer::run_operations(int64_t patches) const {
  const int64_t width = q_.rows();
  return 2.0 * static_cast<double>(2 * width * width + 2 * patches * width + 3 * width * gate_.rows());
}

void VisionLayer::store_keys(View<const float> x, int64_t first, const VisionRope& rope, VisionKeys& keys,
                             VisionScratch& scratch, Compute& compute) const {
  const Profile::Scope scope(compute.profile, "vision: keys");
  const View<float> normed = scratch.normed.view(x.rows, x.cols);
  const View<float> k = scratch.keys.view(x.rows, x.cols), v = scratch.values.view(x.rows, x.cols);
  norm_rows(x, attention_norm_, kVisionEps, normed, compute);
  linear(k_, normed, k, compute);
  linear(v_, normed, v, compute);
  rotate_rows(k, first, rope, compute);
  keys.store(first, k, v, compute);
}

void VisionLayer::run(View<float> x, int64_t first, const VisionRope& rope, const VisionKeys& keys,
                      VisionScratch& scratch, Compute& compute) const {
  const View<float> normed = scratch.normed.view(x.rows, x.cols);
  const View<float> attended = scratch.values.view(x.rows, x.cols);
  const View<float> projected = scratch.keys.view(x.rows, x.cols);
  {
    const Profile::Scope scope(compute.profile, "vision: attention");
    const View<float> queries = scratch.queries.view(x.rows, x.cols);
    norm_rows(x, attention_norm_, kVisionEps, normed, compute);
    linear(q_, normed, queries, compute);
    rotate_rows(queries, first, rope, compute);
    keys.attend(queries, attended, compute);
    linear(o_, attended, projected, compute);
    add_rows(projected, x, compute);
  }
  const Profile::Scope scope(compute.profile, "vision: feed-forward");
  const View<float> gate = scratch.gate.view(x.rows, gate_.rows()), up = scratch.up.view(x.rows, up_.rows());
  norm_rows(x, ffn_norm_, kVisionEps, normed, compute);
  linear(gate_, normed, gate, compute);
  linear(up_, normed, up, compute);
  compute.pool.parallel_for(x.rows, kPatchGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) compute.ops.swiglu(gate.row(t), up.row(t), gate.cols, gate.row(t));
  });
  linear(down_, gate, projected, compute);
  add_rows(projected, x, compute);
}

}  // namespace sirocco
