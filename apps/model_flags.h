// SPDX-License-Identifier: Apache-2.0
// Flags of the commands that load a model without an engine: bench, perplexity, logits.
#pragma once

#include <string>

#include "run/model.h"

namespace sirocco {

// "bf16", "f32" or "q8", which the parsing has checked; anything else is the mode's own choice.
inline CacheType cache_type_named(const std::string& name) {
  if (name == "bf16") return CacheType::bf16;
  if (name == "f32") return CacheType::f32;
  return name == "q8" ? CacheType::q8 : CacheType::automatic;
}

}  // namespace sirocco
