// SPDX-License-Identifier: Apache-2.0
// The models that `compare` knows by name, from data/configs/*.json (built into the library), and what their
// vendor says that their configuration does not: the longest supported context.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "sirocco/result.h"

namespace sirocco {

struct KnownModel {
  std::string name;   // "mistral-small-4"
  std::string title;  // "Mistral Small 4 119B (2603)"
  int64_t max_context = 0;
  Config config;
};

// One document of data/configs; `where` opens error messages.
Result<KnownModel> parse_known_model(std::string_view json, const std::string& where);

const std::vector<KnownModel>& known_models();  // sorted by name
const KnownModel* find_known_model(std::string_view name);
// The known model of this very text architecture, whatever layout it was read from.
const KnownModel* recognise_model(const Config& config);
// The vendor's limit where the model is known, else max_position_embeddings.
int64_t longest_context(const Config& config);

// name and text of each document; the build generates it.
struct KnownModelDocument {
  std::string_view file;
  std::string_view json;
};
const std::vector<KnownModelDocument>& known_model_documents();

}  // namespace sirocco
