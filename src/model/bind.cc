// SPDX-License-Identifier: Apache-2.0
#include "model/bind.h"

#include <array>
#include <utility>

#include "model/bind_layouts.h"

namespace sirocco {
namespace {

// A file without a vocabulary still has its embedding's rows to tell how many tokens there are.
int64_t embedding_rows(const Checkpoint& checkpoint) {
  const TensorEntry* entry = checkpoint.find("token_embd.weight");
  return entry != nullptr && entry->shape.size() == 2 ? entry->shape[0] : 0;
}

Result<ModelWeights> bind_with(BindLookup& lookup, Layout layout, const Config& config) {
  ModelWeights weights;
  switch (layout) {
    case Layout::native:
      bind_native(lookup, config, weights);
      break;
    case Layout::hugging_face:
      bind_hugging_face(lookup, config, weights);
      break;
    case Layout::gguf:
      bind_gguf(lookup, config, weights);
      break;
  }
  if (lookup.error()) return tl::unexpected<Error>(*lookup.error());
  return weights;
}

}  // namespace

std::string main_dtype(const Checkpoint& checkpoint) {
  std::array<uint64_t, 64> bytes{};
  DType best = DType::f32;
  for (const TensorEntry& entry : checkpoint.tensors()) {
    uint64_t& total = bytes[static_cast<size_t>(entry.dtype)];
    total += entry.bytes.size();
    if (total >= bytes[static_cast<size_t>(best)]) best = entry.dtype;
  }
  if (best == DType::f8_e4m3) return "fp8";
  if (best == DType::u8) return "nvfp4";
  return std::string(traits(best).name);
}

Result<Config> read_config(const Checkpoint& checkpoint) {
  const std::string& where = checkpoint.config_path();
  auto config = checkpoint.layout() == Layout::native ? parse_native_config(checkpoint.config_json(), where)
                : checkpoint.layout() == Layout::hugging_face
                    ? parse_hugging_face_config(checkpoint.config_json(), where)
                    : parse_gguf_config(checkpoint.gguf_metadata(), where);
  if (!config) return config;
  if (!checkpoint.tensors().empty()) config->stored_dtype = main_dtype(checkpoint);
  if (checkpoint.layout() == Layout::gguf) {
    if (config->vocabulary == 0) config->vocabulary = embedding_rows(checkpoint);
    if (config->vocabulary == 0)
      return bad_input(where + ": vocab_size is missing, and so is token_embd.weight");
    config->tied_embeddings = checkpoint.find("output.weight") == nullptr;
  }
  return config;
}

Result<ModelWeights> bind_weights(const Checkpoint& checkpoint, const Config& config) {
  BindLookup lookup(checkpoint);
  return bind_with(lookup, checkpoint.layout(), config);
}

Result<std::vector<const TensorEntry*>> unused_tensors(const Checkpoint& checkpoint, const Config& config) {
  BindLookup lookup(checkpoint);
  auto weights = bind_with(lookup, checkpoint.layout(), config);
  if (!weights) return forward_error(weights);
  std::vector<const TensorEntry*> unused;
  for (const TensorEntry& entry : checkpoint.tensors())
    if (!lookup.used(entry)) unused.push_back(&entry);
  return unused;
}

}  // namespace sirocco
