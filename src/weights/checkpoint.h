// SPDX-License-Identifier: Apache-2.0
// Checkpoint: the files of one model, mapped, with every tensor by its on-disk name. Knows bytes, names and
// metadata; knows nothing of layers (model/bind.h gives names their meaning).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "sirocco/result.h"
#include "weights/gguf_metadata.h"
#include "weights/tensor_entry.h"

namespace sirocco {

enum class Layout { native, hugging_face, gguf };

// Whether a configuration without tensors is a checkpoint (inspect) or an error (all others).
enum class WeightFiles { required, optional };

class Checkpoint {
 public:
  // `path`: a directory (native preferred over Hugging Face, else a single GGUF), a .gguf file (any shard of
  // a split set), a .safetensors file beside its config, or (weights optional) a params.json or config.json.
  // Headers are read and checked whole; no tensor byte is.
  static Result<Checkpoint> open(const std::string& path, WeightFiles weights = WeightFiles::required);

  Layout layout() const { return layout_; }
  const std::string& path() const { return path_; }
  const std::string& directory() const { return directory_; }  // where tokenizer files are looked for
  std::span<const std::string> file_paths() const { return file_paths_; }
  uint64_t file_bytes() const { return file_bytes_; }
  std::span<const MappedFile> files() const { return files_; }  // that tensors lie in

  const Json& config_json() const { return config_json_; }  // params.json or config.json; null for gguf
  const std::string& config_path() const {
    return config_path_;
  }  // for messages; the first file of a gguf set
  const GgufMetadata& gguf_metadata() const { return metadata_; }  // empty unless layout() == gguf

  std::span<const TensorEntry> tensors() const { return tensors_; }
  const TensorEntry* find(std::string_view name) const;  // null when absent

 private:
  friend class CheckpointBuilder;
  Layout layout_ = Layout::native;
  std::string path_, directory_, config_path_;
  std::vector<std::string> file_paths_;
  uint64_t file_bytes_ = 0;
  Json config_json_;
  GgufMetadata metadata_;
  std::vector<MappedFile> files_;
  std::vector<TensorEntry> tensors_;
  std::unordered_map<std::string_view, size_t> index_;  // views into tensors_[i].name
};

}  // namespace sirocco
