// SPDX-License-Identifier: Apache-2.0
// The Pixtral vision tower on the CPU: patches, layers, projector, each a pass over blocks of patches, so that
// an encoding can stop between any two blocks.
#pragma once

#include <memory>
#include <vector>

#include "run/cpu/matrix_loader.h"
#include "run/cpu/vision_layer.h"
#include "run/cpu/vision_projector.h"
#include "run/picture_encoding.h"
#include "sirocco/result.h"

namespace sirocco {

class VisionEncoder {
 public:
  // REQUIRES: config.vision, weights.patch_conv.present(). `compute` must outlive the encoder.
  VisionEncoder(const Config& config, const VisionWeights& weights, Compute& compute, MatrixLoader& loader);

  // The encoder must outlive the encoding.
  Result<std::unique_ptr<PictureEncoding>> begin(const PixelView& pixels);

 private:
  friend class VisionEncoding;

  // x [rows, Dv] of patches first …: convolution and first norm.
  void embed(const PixelView& pixels, int64_t first, View<float> x);
  double embed_operations() const { return 2.0 * static_cast<double>(conv_.rows() * conv_.cols()); }

  const VisionConfig config_;
  const int64_t text_hidden_;
  const bool interleaved_;
  Compute& compute_;
  const PackedKernel* const key_kernel_;  // null: attention in float32
  Matrix conv_;                           // [Dv, channels · patch²], columns perhaps rounded up
  AlignedBuffer<float> pre_norm_;         // [Dv]
  std::vector<VisionLayer> layers_;
  VisionScratch scratch_;
  VisionProjector projector_;
  AlignedBuffer<float> patches_;  // [B, conv_.cols()]
};

}  // namespace sirocco
