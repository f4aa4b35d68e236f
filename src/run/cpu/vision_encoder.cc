// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/vision_encoder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "ops/pack.h"
#include "ops/select.h"
#include "run/cpu/linear.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

constexpr int64_t kMostBlock = 512;  // patches of a step
constexpr int64_t kBlockUnit = 48;   // whole tiles

// Patches of a block: what kStepOperations allow, in multiples of `unit`.
int64_t block_rows(double operations_a_row, int64_t unit) {
  const auto rows = static_cast<int64_t>(PictureEncoding::kStepOperations / std::max(1.0, operations_a_row));
  return std::clamp(rows, unit, kMostBlock) / unit * unit;
}

}  // namespace

// Passes over the picture, in order: embed, then for each layer keys and run, then the projector.
class VisionEncoding final : public PictureEncoding {
 public:
  VisionEncoding(VisionEncoder& encoder, const PixelView& pixels)
      : encoder_(encoder),
        height_(pixels.height / encoder.config_.patch),
        width_(pixels.width / encoder.config_.patch),
        patches_(height_ * width_),
        pixels_(pixels.values.rows * pixels.width),
        rope_(encoder.config_, encoder.interleaved_, height_, width_),
        keys_(patches_, encoder.config_.heads, encoder.config_.hidden / encoder.config_.heads,
              encoder.key_kernel_),
        x_(patches_ * encoder.config_.hidden),
        rows_(merged() * encoder.text_hidden_) {
    for (int64_t r = 0; r < pixels.values.rows; ++r)
      std::copy_n(pixels.values.row(r), pixels.width, pixels_.data() + r * pixels.width);
    view_ = {pixels.height, pixels.width,
             make_view<const float>(pixels_.data(), pixels.values.rows, pixels.width)};
  }

  bool step() override {
    if (pass_ == passes()) return true;
    const int64_t total = pass_ + 1 == passes() ? merged() : patches_;
    const int64_t unit = stores_keys(pass_) ? VisionKeys::kGranule : kBlockUnit;
    const int64_t count = std::min(block_rows(pass_operations(pass_), unit), total - next_);
    run(next_, count);
    next_ += count;
    if (next_ == total) {
      next_ = 0;
      ++pass_;
    }
    return pass_ == passes();
  }

  View<const float> rows() const override {
    CHECK(pass_ == passes());
    return rows_.view(merged(), encoder_.text_hidden_);
  }

  double operations() const override {
    double sum = static_cast<double>(merged()) * pass_operations(passes() - 1);
    for (int64_t p = 0; p + 1 < passes(); ++p) sum += static_cast<double>(patches_) * pass_operations(p);
    return sum;
  }

 private:
  int64_t merged() const { return patches_ / (encoder_.config_.merge * encoder_.config_.merge); }
  int64_t passes() const { return 2 + 2 * static_cast<int64_t>(encoder_.layers_.size()); }
  bool stores_keys(int64_t pass) const { return pass % 2 == 1 && pass + 1 < passes(); }
  const VisionLayer& layer(int64_t pass) const { return encoder_.layers_[static_cast<size_t>((pass - 1) / 2)]; }

  // Of one row of the pass.
  double pass_operations(int64_t pass) const {
    if (pass == 0) return encoder_.embed_operations();
    if (pass + 1 == passes()) return encoder_.projector_.operations();
    return stores_keys(pass) ? layer(pass).key_operations() : layer(pass).run_operations(patches_);
  }

  void run(int64_t first, int64_t count) {
    const View<float> all = x_.view(patches_, encoder_.config_.hidden);
    Compute& compute = encoder_.compute_;
    if (pass_ == 0) return encoder_.embed(view_, first, all.slice_rows(first, count));
    if (pass_ + 1 == passes()) {
      const View<float> out = rows_.view(merged(), encoder_.text_hidden_).slice_rows(first, count);
      return encoder_.projector_.run(all, width_, first, out, compute);
    }
    const View<float> x = all.slice_rows(first, count);
    if (stores_keys(pass_)) return layer(pass_).store_keys(x, first, rope_, keys_, encoder_.scratch_, compute);
    layer(pass_).run(x, first, rope_, keys_, encoder_.scratch_, compute);
  }

  VisionEncoder& encoder_;
  const int64_t height_, width_, patches_;  // of the grid
  AlignedBuffer<float> pixels_;
  PixelView view_;  // of pixels_
  const VisionRope rope_;
  VisionKeys keys_;  // of the layer that is running
  AlignedBuffer<float> x_;     // [patches, Dv]
  AlignedBuffer<float> rows_;  // [merged, D]
  int64_t pass_ = 0, next_ = 0;
};

VisionEncoder::VisionEncoder(const Config& config, const VisionWeights& weights, Compute& compute,
                             MatrixLoader& loader)
    : config_(*config.vision),
      text_hidden_(config.hidden),
      interleaved_(weights.interleaved_rope),
      compute_(compute),
      key_kernel_(loader.packs() ? find_wide_kernel(compute.ops, 32) : nullptr),
      conv_(loader.load_narrowed(weights.patch_conv, packed_columns(weights.patch_conv.cols))),
      pre_norm_(decode_vector(weights.pre_norm)),
      scratch_(config_, kMostBlock),
      projector_(config, weights, kMostBlock, loader),
      patches_(kMostBlock * conv_.cols()) {
  for (const VisionLayerWeights& layer : weights.layers) layers_.emplace_back(layer, loader);
}

Result<std::unique_ptr<PictureEncoding>> VisionEncoder::begin(const PixelView& pixels) {
  const int64_t unit = config_.patch * config_.merge, most = config_.image_size / config_.patch * config_.patch;
  for (const auto& [name, side] : {std::pair{"height", pixels.height}, std::pair{"width", pixels.width}})
    if (side < unit || side % unit != 0 || side > most)
      return bad_input(fmt::format("picture: {} {}, expected a multiple of {} up to {}", name, side, unit, most));
  if (pixels.values.rows != config_.channels * pixels.height || pixels.values.cols != pixels.width)
    return bad_input(fmt::format("picture: {} × {} values, expected {} planes of {} × {}", pixels.values.rows,
                                 pixels.values.cols, config_.channels, pixels.height, pixels.width));
  return std::make_unique<VisionEncoding>(*this, pixels);
}

// A patch's vector: channel, row, column, as the convolution's weights lie.
void VisionEncoder::embed(const PixelView& pixels, int64_t first, View<float> x) {
  const Profile::Scope scope(compute_.profile, "vision: patches");
  const int64_t p = config_.patch, grid_width = pixels.width / p;
  const View<float> patches = patches_.view(x.rows, conv_.cols());
  compute_.pool.parallel_for(x.rows, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t down = (first + t) / grid_width * p, right = (first + t) % grid_width * p;
      float* out = patches.row(t);
      for (int64_t c = 0; c < config_.channels; ++c)
        for (int64_t y = 0; y < p; ++y)
          out = std::copy_n(pixels.values.row(c * pixels.height + down + y) + right, p, out);
      std::fill(out, patches.row(t) + patches.cols, 0.0f);
    }
  });
  linear(conv_, patches, x, compute_);
  norm_rows(x, pre_norm_, kVisionEps, x, compute_);
}

}  // namespace sirocco
