// SPDX-License-Identifier: Apache-2.0
// The three naming schemes, one file each. Each fills what its names mean and stops at the first error.
#pragma once

#include "model/bind_lookup.h"
#include "model/config.h"
#include "model/weights.h"

namespace sirocco {

void bind_native(BindLookup& lookup, const Config& config, ModelWeights& weights);
void bind_hugging_face(BindLookup& lookup, const Config& config, ModelWeights& weights);
void bind_gguf(BindLookup& lookup, const Config& config, ModelWeights& weights);

// Pixtral under native or Hugging Face names, nothing when the checkpoint holds no vision tower; and under the
// names of a GGUF vision file.
void bind_native_vision(BindLookup& lookup, const Config& config, VisionWeights& vision);
void bind_hugging_face_vision(BindLookup& lookup, const Config& config, VisionWeights& vision);
void bind_mmproj_vision(BindLookup& lookup, const Config& config, VisionWeights& vision);

}  // namespace sirocco
