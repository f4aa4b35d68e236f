// SPDX-License-Identifier: Apache-2.0
// Structured output: the ConstraintCompiler of this build, over XGrammar.
#pragma once

#include <memory>

#include "api/constraint.h"
#include "sirocco/engine.h"

namespace sirocco {

// Null in a build without XGrammar. Reads the vocabulary once; keeps nothing of the engine.
std::shared_ptr<api::ConstraintCompiler> make_constraint_compiler(const Engine& engine);

}  // namespace sirocco
