// SPDX-License-Identifier: Apache-2.0
// PictureTurns: the picture that is being encoded, one bounded piece a turn of the engine's loop, so that other
// streams' steps come between. Owned by the engine's thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/picture_cache.h"
#include "run/model.h"
#include "run/picture_encoding.h"
#include "sirocco/request.h"

namespace sirocco {

class PictureTurns {
 public:
  explicit PictureTurns(Model& model) : model_(model) {}

  bool busy() const { return encoding_ != nullptr; }
  const ContentHash& content_hash() const { return content_hash_; }  // REQUIRES: busy()

  // REQUIRES: not busy(), picture.pixels.
  Result<void> begin(const PromptPicture& picture) {
    const PicturePixels& p = *picture.pixels;
    auto encoding = model_.encode({p.height, p.width, make_view(p.values.data(), 3 * p.height, p.width)});
    if (!encoding) return forward_error(encoding);
    encoding_ = std::move(*encoding);
    content_hash_ = picture.content_hash;
    return {};
  }
  // One piece; the rows [n, D] once it was the last, else null. REQUIRES: busy().
  PictureCache::Rows step() {
    if (!encoding_->step()) return nullptr;
    const View<const float> rows = encoding_->rows();
    auto copy = std::make_shared<std::vector<float>>();
    copy->reserve(static_cast<size_t>(rows.rows * rows.cols));
    for (int64_t r = 0; r < rows.rows; ++r) copy->insert(copy->end(), rows.row(r), rows.row(r) + rows.cols);
    encoding_ = nullptr;
    return copy;
  }
  void drop() { encoding_ = nullptr; }

 private:
  Model& model_;
  std::unique_ptr<PictureEncoding> encoding_;
  ContentHash content_hash_ = {};
};

}  // namespace sirocco
