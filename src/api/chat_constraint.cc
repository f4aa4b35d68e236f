// SPDX-License-Identifier: Apache-2.0
#include "api/chat_constraint.h"

#include <fmt/format.h>

#include <algorithm>

#include "sirocco/reasoning_effort.h"

namespace sirocco::api {
namespace {

void set_form(Constraint& out, std::string field, FormKind kind, std::string text = {}) {
  out.form = kind;
  out.form_text = std::move(text);
  out.form_field = std::move(field);
}

// A schema may come as an object or as its text.
void set_schema(Constraint& out, std::string field, const Json& schema) {
  set_form(out, std::move(field), FormKind::json_schema,
           schema.is_string() ? schema.get<std::string>() : to_text(schema));
}

void set_choice(Constraint& out, Fields& fields, std::string name, const Json& list) {
  set_form(out, name, FormKind::choice);
  for (const Json& item : list) {
    if (!item.is_string()) return fields.reject(name, "expected a list of strings");
    out.alternatives.push_back(item.get<std::string>());
  }
  if (out.alternatives.empty()) fields.reject(name, "expected at least one choice");
}

void read_response_format(Fields& fields, Constraint& out) {
  const Json* format = fields.object("response_format");
  if (!format) return;
  Fields inner(*format, "response_format.");
  const std::string type = inner.text("type");
  if (type == "json_object") {
    if (const Json* schema = inner.object("schema")) return set_schema(out, "response_format", *schema);
    set_form(out, "response_format", FormKind::json_object);
  } else if (type == "json_schema") {
    const Json* named = inner.object("json_schema");
    const Json* schema = named ? Fields(*named, "response_format.json_schema.").any("schema") : nullptr;
    if (!schema && named) schema = Fields(*named).any("schema_definition");
    if (!schema) schema = inner.any("schema");
    if (!schema) return fields.reject("response_format", "type json_schema needs json_schema.schema");
    set_schema(out, "response_format", *schema);
  } else if (type != "text") {
    fields.reject("response_format", fmt::format("unknown type \"{}\"", type));
  }
}

void read_structured(Fields& outer, Fields& fields, const std::string& prefix, Constraint& out) {
  const auto field = [&](const char* name) { return (prefix.empty() ? "structured_outputs." : prefix) + name; };
  if (const Json* schema = fields.any(prefix + "json")) set_schema(out, field("json"), *schema);
  if (const std::string* regex = fields.string(prefix + "regex"))
    set_form(out, field("regex"), FormKind::regex, *regex);
  if (const Json* list = fields.array(prefix + "choice")) set_choice(out, outer, field("choice"), *list);
  if (const std::string* text = fields.string(prefix + "grammar"))
    set_form(out, field("grammar"), FormKind::ebnf, *text);
  if (fields.flag(prefix + "json_object")) set_form(out, field("json_object"), FormKind::json_object);
  if (fields.error())
    outer.reject(prefix.empty() ? "structured_outputs" : prefix + "…", fields.error()->message);
}

void read_form(Fields& fields, Constraint& out) {
  read_response_format(fields, out);
  if (const Json* structured = fields.object("structured_outputs")) {
    Fields inner(*structured, "structured_outputs.");
    read_structured(fields, inner, "", out);
  }
  read_structured(fields, fields, "guided_", out);
  if (const Json* schema = fields.any("json_schema")) set_schema(out, "json_schema", *schema);
  if (const std::string* grammar = fields.string("grammar"); grammar && !grammar->empty()) {
    set_form(out, "grammar", FormKind::gbnf, *grammar);
  }
}

void read_tools(Fields& fields, Constraint& out) {
  const Json* tools = fields.array("tools");
  for (size_t i = 0; tools && i < tools->size(); ++i) {
    Fields tool((*tools)[i], fmt::format("tools[{}].", i));
    const Json* function = tool.object("function");
    if (!function) continue;  // hosted tools of other services: the prompt does not show them either
    Fields inner(*function, fmt::format("tools[{}].function.", i));
    ToolSpec spec{.name = inner.text("name"), .parameters = {}};
    if (const Json* schema = inner.any("parameters")) spec.parameters = to_text(*schema);
    spec.strict = inner.flag("strict");
    if (spec.name.empty()) inner.reject("name", "expected a name");
    if (inner.error()) return fields.reject("tools", inner.error()->message);
    out.tools.push_back(std::move(spec));
  }
  out.parallel_calls = fields.boolean("parallel_tool_calls").value_or(true);
}

void set_tool_choice(Fields& fields, const std::string& name, Constraint& out) {
  if (name == "none") {
    out.tool_choice = ToolChoice::none;
  } else if (name == "required" || name == "any") {
    out.tool_choice = ToolChoice::required;
  } else if (name != "auto") {
    fields.reject("tool_choice",
                  fmt::format("expected auto, none, required or a function, got \"{}\"", name));
  }
  if (out.tool_choice == ToolChoice::required && out.tools.empty())
    fields.reject("tool_choice", "required, but there are no tools");
}

std::string name_of_tool(const Json& tool) {
  Fields outer(tool);
  const Json* function = outer.object("function");
  return function ? Fields(*function).text("name") : outer.text("name");
}

// {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": […]}}, or the same flat.
void keep_allowed_tools(Fields& fields, const Json& choice, Constraint& out) {
  const Json* nested = Fields(choice).object("allowed_tools");
  Fields inner(nested ? *nested : choice, "tool_choice.");
  const Json* tools = inner.array("tools");
  if (!tools) return fields.reject("tool_choice", "allowed_tools needs a list of tools");
  std::vector<std::string> names;
  for (const Json& tool : *tools) names.push_back(name_of_tool(tool));
  std::erase_if(out.tools, [&](const ToolSpec& tool) {
    return std::find(names.begin(), names.end(), tool.name) == names.end();
  });
  const std::string mode = inner.text("mode");
  set_tool_choice(fields, mode.empty() ? "auto" : mode, out);
}

void read_tool_choice(Fields& fields, Constraint& out) {
  const Json* choice = fields.any("tool_choice");
  if (!choice) return;
  if (choice->is_string()) {
    set_tool_choice(fields, choice->get_ref<const std::string&>(), out);
  } else if (choice->is_object()) {
    const std::string type = Fields(*choice).text("type");
    const std::string name = name_of_tool(*choice);
    if (type == "allowed_tools") return keep_allowed_tools(fields, *choice, out);
    if (name.empty() && type != "function" && type != "tool") return set_tool_choice(fields, type, out);
    std::erase_if(out.tools, [&](const ToolSpec& tool) { return tool.name != name; });
    if (out.tools.empty()) return fields.reject("tool_choice", fmt::format("no tool is called \"{}\"", name));
    out.tool_choice = ToolChoice::required;
    out.parallel_calls = false;
  } else {
    fields.reject("tool_choice", "expected a string or an object");
  }
}

}  // namespace

bool wants_thinking(Fields& fields) {
  if (const Json* effort = fields.any("reasoning_effort")) {
    return effort->is_string() && effort_thinks(effort->get<std::string>());
  }
  if (const Json* reasoning = fields.any("reasoning"); reasoning && reasoning->is_object()) {
    Fields inner(*reasoning);
    return effort_thinks(inner.text("effort")) || inner.flag("enabled");
  }
  if (const Json* arguments = fields.any("chat_template_kwargs"); arguments && arguments->is_object()) {
    Fields inner(*arguments);
    const std::string effort = inner.text("reasoning_effort");
    return effort_thinks(effort) || inner.flag("enable_thinking") || inner.flag("thinking");
  }
  if (const Json* thinking = fields.any("thinking"); thinking && thinking->is_object()) {
    const std::string type = Fields(*thinking).text("type");
    return type == "enabled" || type == "adaptive";
  }
  return fields.flag("enable_thinking");
}

ApiResult<Constraint> read_chat_constraint(Fields& fields) {
  Constraint out;
  read_tools(fields, out);
  read_tool_choice(fields, out);
  read_form(fields, out);
  out.thinking = wants_thinking(fields);
  if (fields.error()) return fail_api(*fields.error());
  return out;
}

ApiResult<Constraint> read_text_constraint(Fields& fields) {
  Constraint out;
  out.chat = false;
  read_form(fields, out);
  if (fields.error()) return fail_api(*fields.error());
  return out;
}

}  // namespace sirocco::api
