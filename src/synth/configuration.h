// SPDX-License-Identifier: Apache-2.0
// The configuration that each layout keeps beside its tensors, with the published keys.
#pragma once

#include "base/json.h"
#include "synth/synth_options.h"
#include "weights/gguf_metadata.h"

namespace sirocco::synth {

Json native_params(const SynthOptions& options);        // params.json
Json hugging_face_config(const SynthOptions& options);  // config.json
GgufMetadata mmproj_metadata(const SynthOptions& options);
GgufMetadata gguf_metadata(const SynthOptions& options);

}  // namespace sirocco::synth
