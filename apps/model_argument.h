// SPDX-License-Identifier: Apache-2.0
// MODEL on a command line of inspect and compare: a path (weights may be missing), or the name of a known
// model.
#pragma once

#include <optional>
#include <string>

#include "model/config.h"
#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

struct ModelArgument {
  std::string name;   // the known model's name, else the path as given
  std::string title;  // the known model's title, else the path
  Config config;
  std::optional<Checkpoint> checkpoint;  // absent for a name
};

Result<ModelArgument> open_model_argument(const std::string& text);
std::string known_model_names();  // "mistral-7b, mistral-large-3, …"

const char* layout_name(Layout layout);
std::string attention_name(const Config& config);     // "latent", "grouped" or "mixed"
std::string feed_forward_name(const Config& config);  // "experts", "dense" or "mixed"

}  // namespace sirocco
