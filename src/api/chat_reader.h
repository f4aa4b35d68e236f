// SPDX-License-Identifier: Apache-2.0
// ChatReader: OpenAI chat requests for programs without a server. They mean what they mean to
// /v1/chat/completions: tools, tool_choice and forms of answers bind the tokens.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/constraint.h"
#include "sirocco/engine.h"

namespace sirocco::api {

class ChatReader {
 public:
  // Makes the compiler (grammar/grammar.h) when a request first needs it; may return null.
  using MakeCompiler = std::function<std::shared_ptr<ConstraintCompiler>()>;

  ChatReader(const Engine& engine, MakeCompiler make_compiler);

  // May take seconds, where a grammar is new. Fields that nothing reads, and those of which a part is left to
  // the model, are added to `ignored`.
  Result<GenerateRequest> read(std::string_view json, std::vector<std::string>& ignored);

 private:
  ConstraintCompiler* compiler();
  Result<Compiled> compile(const Constraint& constraint);

  const Engine& engine_;
  MakeCompiler make_compiler_;  // empty once it ran
  std::shared_ptr<ConstraintCompiler> compiler_;
};

}  // namespace sirocco::api
