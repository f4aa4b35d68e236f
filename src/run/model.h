// SPDX-License-Identifier: Apache-2.0
// Model: weights, cache bytes and the forward pass, on one backend. One thread at a time may call it; it owns
// no request and makes no choice. Page numbers come from the caller (src/cache keeps the books); the bytes
// behind them are the backend's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/function_ref.h"
#include "base/view.h"
#include "batch/batch.h"
#include "model/config.h"
#include "run/picture_encoding.h"
#include "run/profile.h"
#include "sirocco/options.h"
#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

enum class AttentionForm {
  automatic,  // expanded for many new tokens of a sequence, absorbed for few: from what number on is measured
  absorbed,   // queries go into the latent space: cheaper for few
  expanded,   // keys and values come out of it: cheaper for many
};

struct ModelOptions {
  bool exact = false;  // float32 throughout
  SoftmaxScale softmax_scale = SoftmaxScale::plain;
  CacheType cache_type = CacheType::automatic;
  AttentionForm attention_form = AttentionForm::automatic;
  int threads = 0;                 // 0: one a physical core that this process may use
  bool pin = false;                // each but the caller's on a core of its own
  Profile* profile = nullptr;      // filled by every forward pass; must outlive the model
  std::string isa;                 // "" picks the best; a name that this machine lacks is an error
  bool pack_when_used = false;     // experts before their first use, instead of all while loading
  int64_t weight_copy_bytes = 0;   // most for packed copies; 0: nine tenths of the memory that is available
  int64_t max_batch_tokens = 512;  // T of the largest batch; sizes the workspace
  // Told about loading: bytes done of total. May be empty.
  std::function<void(uint64_t done_bytes, uint64_t total_bytes)> progress;
};

inline CacheType cache_type_of(const ModelOptions& options) {
  if (options.cache_type != CacheType::automatic) return options.cache_type;
  return options.exact ? CacheType::f32 : CacheType::bf16;
}

// What a step read and computed, as its operators declare it (SPEED.md explains the counting).
struct StepCost {
  uint64_t weight_bytes = 0;
  uint64_t cache_bytes = 0;
  uint64_t operations = 0;  // multiply and add count as two
  // Of routed experts that share memory: how many were computed, and how many of them had to be read from the file.
  uint64_t shared_experts = 0, experts_read = 0;
};

// Memory that the weights of a loaded model will still take.
struct WeightMemory {
  uint64_t promised_bytes = 0;  // packed copies that are made before their first use, or in turns
  uint64_t mapped_bytes = 0;    // read where the files lie: the system may drop them and read them again
  // Routed experts whose packed copies have no room at the same time, and how many have; both 0 where all have.
  int64_t shared_experts = 0, expert_rooms = 0;
};

struct StepOutput {
  View<const float> logits;  // [S, W], S = batch.logit_rows; valid until the next forward
  StepCost cost;
};

class Model {
 public:
  static constexpr int64_t kPageTokens = 64;

  // `mmproj`: the vision file of a GGUF (model/mmproj.h), or null.
  static Result<std::unique_ptr<Model>> load(std::shared_ptr<const Checkpoint> checkpoint,
                                             const ModelOptions& options,
                                             std::shared_ptr<const Checkpoint> mmproj = nullptr);
  virtual ~Model() = default;

  virtual const Config& config() const = 0;
  virtual std::string_view isa() const = 0;  // of the kernels that were chosen
  virtual int threads() const = 0;           // that compute
  virtual WeightMemory weight_memory() const = 0;
  virtual int64_t page_bytes() const = 0;  // kPageTokens tokens of all layers
  virtual int64_t pages() const = 0;
  // Makes room for `pages` pages; their old contents are gone. Fails with ErrorKind::resource.
  virtual Result<void> reserve_cache(int64_t pages) = 0;
  virtual std::span<std::byte> page(int64_t index) = 0;  // for copies, sessions and tests

  // REQUIRES: batch is consistent (rows inside, pages inside, T <= max_batch_tokens).
  virtual StepOutput forward(const Batch& batch) = 0;

  // body(i) for every i in [0, count), in any order and at the same time, on the threads that compute: what is
  // left to do for each sequence of a step, such as drawing its token. The caller is one of them and must be
  // forward()'s.
  virtual void for_each(int64_t count, FunctionRef<void(int64_t i)> body) = 0;

  // Whether encode() can succeed: the checkpoint holds a vision tower.
  virtual bool sees() const { return false; }
  // Begins a picture; copies what it needs of `pixels`. The encoding must not outlive the model, and its
  // steps belong to the one thread that may call the model. Several may be under way.
  virtual Result<std::unique_ptr<PictureEncoding>> encode(const PixelView& pixels);
};

}  // namespace sirocco
