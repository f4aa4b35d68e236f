// SPDX-License-Identifier: Apache-2.0
// Backend: the block-level operations of a forward pass, on buffers that stay where the backend computes.
// The model calls them in order; between begin() and finish() the hidden states x [T, D] live in the backend.
// A backend owns packed weights, workspace and the bytes of the cache.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/function_ref.h"
#include "batch/batch.h"
#include "run/model.h"
#include "sirocco/result.h"

namespace sirocco {

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string_view isa() const = 0;  // of the kernels that were chosen
  virtual int threads() const = 0;           // that compute
  virtual WeightMemory weight_memory() const = 0;
  virtual int64_t page_bytes() const = 0;
  virtual int64_t pages() const = 0;
  virtual Result<void> reserve_cache(int64_t pages) = 0;
  virtual std::span<std::byte> page(int64_t index) = 0;

  virtual void begin(const Batch& batch) = 0;    // x = embeddings, or the overriding rows
  virtual void attend(int64_t layer) = 0;        // x += attention(norm(x)); stores the new keys
  virtual void feed_forward(int64_t layer) = 0;  // x += feed_forward(norm(x))
  virtual StepOutput finish() = 0;               // final norm and head for the rows that want logits

  // As Model::for_each. Comes between finish() and begin().
  virtual void for_each(int64_t count, FunctionRef<void(int64_t i)> body) = 0;

  // Pictures, where there is a vision tower. An encoding's steps come between finish() and begin().
  virtual bool sees() const = 0;
  virtual Result<std::unique_ptr<PictureEncoding>> encode(const PixelView& pixels) = 0;  // REQUIRES: sees()
};

}  // namespace sirocco
