// SPDX-License-Identifier: Apache-2.0
// PictureEncoding: one picture on its way through the vision tower, in pieces, so that other streams' steps fit
// between. Pixels come prepared (normalised, sides multiples of patch · merge); rows replace [IMG] embeddings.
#pragma once

#include <cstdint>

#include "base/view.h"

namespace sirocco {

struct PixelView {
  int64_t height = 0, width = 0;
  View<const float> values;  // [channels · height, width]: one plane a channel
};

class PictureEncoding {
 public:
  // The most of one step(), counted as SPEED.md counts: 60 to 110 ms on its host B. The least that a step does is 48
  // patches of half a layer, which at the published tower's size are 4e9 for the largest picture.
  static constexpr double kStepOperations = 2e10;

  virtual ~PictureEncoding() = default;

  // One bounded piece of work; true once everything is done. Calls of Model::forward may come between.
  virtual bool step() = 0;
  // [n, D], n = (height / (patch · merge)) · (width / (patch · merge)) in reading order: the rows of [IMG] tokens
  // alone; [IMG_BREAK] and [IMG_END] keep their embeddings. REQUIRES: step() returned true.
  virtual View<const float> rows() const = 0;
  // What the picture takes in all: for benchmarks.
  virtual double operations() const = 0;
};

}  // namespace sirocco
