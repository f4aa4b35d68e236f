// SPDX-License-Identifier: Apache-2.0
#include "grammar/schema_grammar.h"

#include <fmt/format.h>
#include <xgrammar/grammar.h>

#include "grammar/bounded_space.h"

namespace sirocco {
namespace {

using api::ApiError;

// Of schemas that are read once more for each of their arguments, to find those at fault.
constexpr size_t kMostTrialBytes = 16 << 20;

// Quick beside compiling masks: no token is looked at. What XGrammar prints it does not always read
// (minLength: -1).
tl::expected<std::string, std::string> grammar_of(const Json& schema) {
  try {
    std::string grammar = bound_whitespace(xgrammar::Grammar::FromJSONSchema(schema.dump(), true).ToString());
    (void)xgrammar::Grammar::FromEBNF(grammar);
    return grammar;
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return tl::unexpected<std::string>(text.substr(0, text.find('\n')));
  }
}

// With those arguments left open that have no grammar alone.
Json without_faulty_arguments(const Json& schema) {
  Json out = schema;
  const auto arguments = out.find("properties");
  if (arguments == out.end() || !arguments->is_object()) return out;
  if (schema.dump().size() * arguments->size() > kMostTrialBytes) return out;
  for (auto& [name, argument] : arguments->items()) {
    Json alone = {{"type", "object"}, {"properties", {{name, argument}}}};
    for (const char* definitions : {"$defs", "definitions"})
      if (schema.contains(definitions)) alone[definitions] = schema[definitions];
    if (!grammar_of(alone)) argument = true;
  }
  return out;
}

std::string loosened_grammar(const Json& schema) {
  if (auto grammar = grammar_of(without_faulty_arguments(schema))) return *std::move(grammar);
  return grammar_of({{"type", "object"}}).value();
}

struct SchemaWriter {
  std::string form_field;
  std::vector<std::string> loosened = {};
  std::optional<ApiError> error = {};

  void write(Json& format) {
    if (format.is_object() && format.value("type", Json()) == "json_schema" &&
        format.contains("json_schema")) {
      format = {{"type", "grammar"}, {"grammar", write_schema(format)}};
    } else if (format.is_structured()) {
      for (Json& inner : format) write(inner);
    }
  }

  std::string write_schema(const Json& format) {
    const bool of_tool = format.contains("tool");
    const std::string field =
        of_tool ? fmt::format("tools.{}.parameters", format["tool"].get<std::string>()) : form_field;
    auto grammar = grammar_of(format["json_schema"]);
    const bool lenient = of_tool && !format["strict"].get<bool>();
    if (lenient && (!grammar || format["loose"].get<bool>())) loosened.push_back(field);
    if (grammar) return *std::move(grammar);
    if (lenient) return loosened_grammar(format["json_schema"]);
    if (!error)
      error = ApiError::bad_request(fmt::format("{}: {}", field, grammar.error()), of_tool ? "tools" : field);
    return {};
  }
};

}  // namespace

api::ApiResult<std::vector<std::string>> write_schemas_as_grammars(Json& format, const std::string& form_field) {
  SchemaWriter writer{.form_field = form_field};
  writer.write(format);
  if (writer.error) return api::fail_api(*writer.error);
  return std::move(writer.loosened);
}

}  // namespace sirocco
