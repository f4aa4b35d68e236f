// SPDX-License-Identifier: Apache-2.0
// From a checkpoint to a model: the configuration, and every tensor in its place, dtype and shape checked.
#pragma once

#include <string>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

Result<Config> read_config(const Checkpoint& checkpoint);
// The type that holds most bytes: "bf16", "q4_k", … ; FP8 and NVFP4 by their common names.
std::string main_dtype(const Checkpoint& checkpoint);
// Config alone, from a params.json or config.json document (inspect and compare need no weights).
Result<Config> parse_native_config(const Json& params, const std::string& where);
Result<Config> parse_hugging_face_config(const Json& config, const std::string& where);
Result<Config> parse_gguf_config(const GgufMetadata& metadata, const std::string& where);

// The vision file of a text model `text_hidden` wide.
Result<VisionConfig> parse_mmproj_config(const GgufMetadata& metadata, const std::string& where,
                                         int64_t text_hidden);

// Fails naming the first tensor that is missing or whose shape or type is not what `config` demands.
Result<ModelWeights> bind_weights(const Checkpoint& checkpoint, const Config& config);

// The tower of a GGUF vision file beside a text model; fills config.vision. Fails when the file is no such file
// or another model's.
Result<VisionWeights> bind_mmproj(const Checkpoint& mmproj, Config& config);

// The tensors that binding passes over. Activation and global scales are read, so they are not among them.
Result<std::vector<const TensorEntry*>> unused_tensors(const Checkpoint& checkpoint, const Config& config);

}  // namespace sirocco
