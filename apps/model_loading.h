// SPDX-License-Identifier: Apache-2.0
// Loading, with its progress line: by an engine for run and chat, alone for the commands that measure.
#pragma once

#include <memory>

#include "run/model.h"
#include "sirocco/engine.h"

namespace sirocco {

// Experts are packed before their first use; pictures may be files.
Result<std::unique_ptr<Engine>> load_engine(EngineOptions options);

Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const Checkpoint> checkpoint, ModelOptions options,
                                          std::shared_ptr<const Checkpoint> mmproj = nullptr);

}  // namespace sirocco
