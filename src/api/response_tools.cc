// SPDX-License-Identifier: Apache-2.0
#include "api/response_tools.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace sirocco::api {
namespace {

class ToolReader {
 public:
  explicit ToolReader(Json& chat) : chat_(chat) {}

  std::optional<ApiError> read(const Json& tools, const std::string& where, const std::string& space = {}) {
    for (size_t i = 0; i < tools.size(); ++i) {
      if (auto error = read_one(tools[i], fmt::format("{}[{}].", where, i), space)) return error;
    }
    return std::nullopt;
  }

  // OpenAI's forms name tools of a namespace by both names.
  Json function_of(const Json& choice) const {
    Fields fields(choice);
    const std::string space = fields.text("namespace");
    if (space.empty()) return choice;
    return {{"type", "function"}, {"name", function_name(space, fields.text("name"))}};
  }

  Json functions_of(const Json& choices) const {
    Json out = Json::array();
    std::set<std::string> spaces;
    for (const Json& choice : choices) {
      Fields fields(choice);
      if (fields.text("type") == "namespace")
        spaces.insert(fields.text("name"));
      else
        out.push_back(function_of(choice));
    }
    for (const auto& [function, tool] : tools_.by_function)
      if (spaces.contains(tool.space)) out.push_back({{"type", "function"}, {"name", function}});
    return out;
  }

  const NameList& left_out() const { return left_out_; }
  ResponseTools result() {
    for (const std::string& type : left_out_.names()) tools_.ignored.add(fmt::format("tools ({})", type));
    return std::move(tools_);
  }

 private:
  std::optional<ApiError> read_one(const Json& json, const std::string& where, const std::string& space) {
    Fields tool(json, where);
    const std::string type = tool.text("type");
    if (tool.error()) return tool.error();
    if (type == "function") {
      add_function(tool, space);
    } else if (type == "custom") {
      add_custom(tool, space, where);
    } else if (type == "namespace" && space.empty()) {
      const Json* tools = tool.array("tools");
      const std::string name = tool.text("name");
      if (name.empty()) tool.reject("name", "missing");
      if (tool.error()) return tool.error();
      if (tools == nullptr || tools->empty())
        left_out_.add("namespace");
      else if (auto error = read(*tools, where + "tools", name))
        return error;
    } else {
      left_out_.add(type.empty() ? "no type" : type);
    }
    return tool.error();
  }

  void add_function(Fields& tool, const std::string& space) {
    const Json* schema = tool.any("parameters");
    add(tool, {.space = space, .name = tool.text("name")}, schema ? *schema : Json{{"type", "object"}});
  }

  // Within the arguments a grammar of the input's own cannot be enforced: the model is told of it.
  void add_custom(Fields& tool, const std::string& space, const std::string& where) {
    Json input = {{"type", "string"}};
    if (const Json* format = tool.object("format")) {
      Fields inner(*format, where + "format.");
      if (inner.text("type") == "grammar") {
        input["description"] = fmt::format("Text that follows this {} grammar:\n{}", inner.text("syntax"),
                                           inner.text("definition"));
        tools_.ignored.add(where + "format");
      }
    }
    add(tool, {.space = space, .name = tool.text("name"), .custom = true},
        {{"type", "object"},
         {"properties", {{"input", std::move(input)}}},
         {"required", {"input"}},
         {"additionalProperties", false}});
  }

  void add(Fields& tool, const ClientTool& as, Json schema) {
    const std::string name = function_name(as.space, as.name);
    Json function = {
        {"name", name}, {"description", tool.text("description")}, {"parameters", std::move(schema)}};
    if (tool.flag("strict")) function["strict"] = true;
    chat_["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
    if (as.custom || !as.space.empty()) tools_.by_function[name] = as;
  }

  Json& chat_;
  ResponseTools tools_;
  NameList left_out_;  // types
};

bool is_allowed_tools(const Json& choice) {
  return choice.is_object() && Fields(choice).text("type") == "allowed_tools";
}

bool requires_tool(const Json& choice) {
  if (choice.is_string()) return choice == "required";
  if (is_allowed_tools(choice)) return Fields(choice).text("mode") == "required";
  const std::string type = choice.is_object() ? Fields(choice).text("type") : "auto";
  return type != "auto" && type != "none";
}

Json chat_choice(const Json& choice, const ToolReader& reader) {
  if (!choice.is_object()) return choice;
  if (is_allowed_tools(choice)) {
    Json out = choice;
    if (choice.contains("tools") && choice["tools"].is_array())
      out["tools"] = reader.functions_of(choice["tools"]);
    return out;
  }
  if (!choice.contains("name")) return "auto";  // names a tool that other services run
  return reader.function_of(choice);
}

}  // namespace

void refuse_required(Fields& fields, const NameList& left_out) {
  if (left_out.empty()) return;
  fields.reject("tool_choice", fmt::format("a tool is required, but this server offers none of those given: {}",
                                           fmt::join(left_out.names(), ", ")));
}

std::string function_name(const std::string& space, const std::string& name) {
  if (space.empty()) return name;
  return space + (space.ends_with("__") ? "" : "__") + name;
}

ResponseTools read_response_tools(Fields& fields, Json& chat) {
  ToolReader reader(chat);
  if (const Json* tools = fields.array("tools")) {
    if (const auto error = reader.read(*tools, "tools")) fields.reject("tools", error->message);
  }
  const Json* choice = fields.any("tool_choice");
  if (choice && chat.contains("tools")) {
    chat["tool_choice"] = chat_choice(*choice, reader);
  } else if (choice && requires_tool(*choice)) {
    refuse_required(fields, reader.left_out());
  }
  return reader.result();
}

}  // namespace sirocco::api
