// SPDX-License-Identifier: Apache-2.0
// Stands in for src/grammar/*.cc in a build without XGrammar.
#include "grammar/grammar.h"

namespace sirocco {

std::shared_ptr<api::ConstraintCompiler> make_constraint_compiler(const Engine&) {
  return nullptr;
}

}  // namespace sirocco
