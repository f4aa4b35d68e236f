// SPDX-License-Identifier: Apache-2.0
// EngineOptions: everything that is decided once, when an engine is opened. A default-constructed value is
// a good choice for every field but `model_path`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco {

// Two readings of YaRN: docs/decisions/0003-plain-softmax-scale.md.
enum class SoftmaxScale {
  plain,   // (nope + rope)^-1/2, the vendor's
  mscale,  // times YaRN's mscale², as llama.cpp and current transformers multiply it
};
enum class CacheType { automatic, bf16, f32, q8 };  // of the latent cache; automatic: f32 in exact mode, else bf16
enum class LogLevel { debug, info, warning };

struct LoadProgress {
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;
};

struct EngineOptions {
  std::string model_path;     // a directory, a .gguf (any shard of a split set) or a .safetensors file
  std::string mmproj_path;    // GGUF vision part; "" looks beside the model for one that fits, "none" does not
  std::string template_name;  // tokenizer layout: "v3", "v7", "v11", "v13", "v15"; "" as the file says
  std::string model_alias;    // name shown to clients; "" takes the file's

  int threads = 0;             // 0: one a physical core that this process may use
  bool pin = false;            // each but the engine's own thread on a core of its own
  std::string isa;             // "" picks the best; a name that this machine lacks is an error
  bool exact = false;          // float32 throughout
  // A request's tokens do not depend on its company. On packed weights those of the first 2,048 never do; this makes
  // longer prompts, and those of other weights, take decoding's form of attention.
  bool deterministic = false;
  SoftmaxScale softmax_scale = SoftmaxScale::plain;
  CacheType cache_type = CacheType::automatic;

  int64_t context_tokens = 0;      // longest sequence; 0: the smaller of the model's limit and what fits
  int64_t cache_bytes = 0;         // of all sequences together; 0: from the memory that is left
  // Experts are made ready for the processor's kernels before their first use instead of all of them while loading: the
  // first answer comes sooner, some later tokens a little later.
  bool pack_when_used = false;
  // Most memory for weights in the form that the kernels read; 0: nine tenths of what is available. Where it is too
  // little for all, routed experts take turns in it and are read from the file again when they are chosen.
  int64_t weight_copy_bytes = 0;
  int64_t max_batch_tokens = 512;  // rows of one step; bounds how long a prompt can stall the others
  int max_sequences = 32;          // that run at the same time
  int max_queue_requests = 1024;   // that wait; beyond it submit() fails with ErrorKind::resource
  int64_t max_queue_tokens = 1 << 22;

  int64_t picture_cache_bytes = int64_t{256} << 20;  // encoded pictures kept for requests to come
  int64_t waiting_picture_bytes = int64_t{1} << 30;  // pixels of requests not done; beyond it ErrorKind::resource
  // Brings the file behind a picture's URL that is no data: URL, on the thread that calls chat_request(). Empty:
  // only data: URLs are taken.
  std::function<Result<std::string>(std::string_view url)> fetch_picture;

  std::function<void(const LoadProgress&)> on_progress;    // during open(), on its thread
  std::function<void(LogLevel, std::string_view)> on_log;  // any thread; one line a call
};

}  // namespace sirocco
