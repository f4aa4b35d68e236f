// SPDX-License-Identifier: Apache-2.0
// The tokenizer of a checkpoint: the files beside safetensors, or the vocabulary inside a GGUF; a GGUF
// without one may have a tekken.json beside it.
#pragma once

#include "text/tokenizer.h"
#include "weights/checkpoint.h"

namespace sirocco {

// `template_name`: layout to use instead of the file's ("v3" … "v15"); "": the file's.
Result<Tokenizer> open_tokenizer(const Checkpoint& checkpoint, const std::string& template_name);

}  // namespace sirocco
