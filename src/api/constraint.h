// SPDX-License-Identifier: Apache-2.0
// ConstraintCompiler: from what a request demands of the form of its answer to a TokenMask. The surfaces only
// know this interface; src/grammar implements it. A build without a grammar library has none, and requests
// that need one are refused by name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/api_error.h"
#include "sirocco/token_mask.h"

namespace sirocco::api {

struct ToolSpec {
  std::string name = {};
  std::string parameters = {};  // JSON schema; "" allows any object
  bool strict = false;          // refuse a schema that cannot be enforced; else enforce what can be
};

enum class ToolChoice { automatic, required, none };
enum class FormKind { any, json_object, json_schema, regex, choice, ebnf, gbnf };

struct Constraint {
  bool chat = true;                  // the model's own turn structure applies: thinking, content, calls
  bool thinking = true;              // a thinking block may lead
  bool inside_thinking = false;      // the prompt ends in an open thinking block
  std::vector<ToolSpec> tools = {};  // that may be called: a named choice leaves one
  ToolChoice tool_choice = ToolChoice::automatic;
  bool parallel_calls = true;
  FormKind form = FormKind::any;               // of the content
  std::string form_text = {};                  // schema, regex or grammar
  std::string form_field = "response_format";  // of the request, which asked for it
  std::vector<std::string> alternatives = {};  // FormKind::choice
};

using MaskPtr = std::shared_ptr<const TokenMask>;

// What a constraint became.
struct Compiled {
  MaskPtr mask = {};
  std::vector<std::string> ignored = {};  // for the log: fields of which some is left to the model
};

// A constraint on its way to a mask: `ready` where it was compiled before, else what still has to run, on
// whatever thread; it may take seconds. It keeps the compiler alive.
struct Compilation {
  std::optional<Compiled> ready = {};
  std::function<ApiResult<Compiled>()> run = {};
};

class ConstraintCompiler {
 public:
  virtual ~ConstraintCompiler() = default;
  // Quick. Fails with a 400 that names what cannot be expressed; so may what it returns when it runs.
  virtual ApiResult<Compilation> begin(const Constraint& constraint) = 0;
};

}  // namespace sirocco::api
