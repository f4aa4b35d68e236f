// SPDX-License-Identifier: Apache-2.0
// Which files a path means: the layout, its configuration and its weight files, by name alone (nothing but an
// index is opened). The rules are told in docs/formats: native.md and hugging-face.md ("Files"), gguf.md
// ("Split sets").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

struct CheckpointFiles {
  Layout layout = Layout::native;
  std::string directory;
  std::string config_path;                   // empty for gguf
  std::vector<std::string> weight_paths;     // in the order of their names; empty: configuration only
  std::string index_path;                    // "" when there is no *.safetensors.index.json
  std::map<std::string, std::string> index;  // tensor name -> file name, from the index
};

Result<CheckpointFiles> find_checkpoint_files(const std::string& path, WeightFiles weights);

// The files in `directory` that are called vision files (*mmproj*.gguf), by name.
Result<std::vector<std::string>> mmproj_files(const std::string& directory);

// "model-00002-of-00013.gguf" -> {"model", 2, 13, ".gguf"}.
struct ShardName {
  std::string stem;
  int number = 0;  // from 1
  int count = 0;
  std::string extension;
  std::string file_name(int shard) const;
};
std::optional<ShardName> parse_shard_name(std::string_view file_name);

}  // namespace sirocco
