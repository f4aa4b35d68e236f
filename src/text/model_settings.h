// SPDX-License-Identifier: Apache-2.0
// The model settings that a v15 tokenizer file declares: which reasoning efforts exist and which is the
// default.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/result.h"
#include "text/python_json.h"

namespace sirocco {

struct ModelSettingsBuilder {
  struct ReasoningEffort {
    std::vector<std::string> values;
    std::string default_value;
  };
  std::optional<ReasoningEffort> reasoning_effort;
  bool json_schema = false;  // the response format's schema is part of the settings

  // What the shipped v15 files declare; used where a container has no such block.
  static ModelSettingsBuilder shipped();
  static Result<ModelSettingsBuilder> from_json(const PythonJson& json, std::string_view where);
};

// Efforts that a request may name at all; a model supports some of them.
bool is_reasoning_effort(std::string_view name);

}  // namespace sirocco
