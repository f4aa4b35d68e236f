// SPDX-License-Identifier: Apache-2.0
// The flags by which run, chat and serve open a model, and the opening itself with its progress line.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "sirocco/engine.h"

namespace sirocco {

struct EngineFlags {
  EngineOptions options;
  std::string softmax_scale = "plain";
  std::string cache_type = "bf16";
};

// MODEL, --threads, --context, --exact and so on; `flags` must outlive the parsing.
void add_engine_flags(CLI::App& command, EngineFlags& flags);

// "bf16", "f32" or "q8", which the parsing has checked.
CacheFormat cache_format_named(const std::string& name);

// "plain" or "mscale", which the parsing has checked.
SoftmaxScale softmax_scale_named(const std::string& name);

// Shows rate and remaining time on standard error while it loads, if that is a terminal.
Result<std::unique_ptr<Engine>> open_engine(const EngineFlags& flags);

}  // namespace sirocco
