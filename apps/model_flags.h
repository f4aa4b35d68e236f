// SPDX-License-Identifier: Apache-2.0
// Flags that several commands take: each has one name, wording, default and bound wherever it is offered.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "run/model.h"
#include "sirocco/options.h"

namespace sirocco {

// MODEL, how it computes, and what an engine adds to that: --template, --mmproj, --context, --deterministic.
void add_engine_flags(CLI::App& command, EngineOptions& options);

// How a model computes, where there is no engine: --threads, --pin, --isa, --exact, --cache-type,
// --weight-memory, --batch.
void add_compute_flags(CLI::App& command, ModelOptions& options);

CLI::Option* add_model_argument(CLI::App& command, std::string& path);
CLI::Option* add_mmproj_flag(CLI::App& command, std::string& path);
CLI::Option* add_template_flag(CLI::App& command, std::string& name);
CLI::Option* add_attention_scale_flag(CLI::App& command, SoftmaxScale& scale);
CLI::Option* add_json_flag(CLI::App& command, bool& json);

}  // namespace sirocco
