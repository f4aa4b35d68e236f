// SPDX-License-Identifier: Apache-2.0
#include "api/responses_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/reply.h"

namespace sirocco::api {
namespace {

// Content of a message or of a tool's output: text, or parts in the spelling of this API.
ApiResult<Json> read_content(const Json& content, const std::string& field) {
  if (content.is_string()) return content;
  if (!content.is_array()) return fail_api(ApiError::bad_request(field + ": expected text or a list", field));
  Json parts = Json::array();
  for (size_t i = 0; i < content.size(); ++i) {
    Fields part(content[i], fmt::format("{}[{}].", field, i));
    const std::string type = part.text("type");
    if (type == "input_image") {
      std::string url = part.text("image_url");
      if (url.empty()) part.reject("image_url", "missing (files of other services are not taken)");
      parts.push_back({{"type", "image_url"}, {"image_url", {{"url", std::move(url)}}}});
    } else if (type == "input_text" || type == "output_text" || type == "text" || type == "refusal") {
      parts.push_back({{"type", "text"}, {"text", part.text(type == "refusal" ? "refusal" : "text")}});
    } else {
      part.reject("type", fmt::format("unknown part \"{}\"", type));
    }
    if (part.error()) return fail_api(*part.error());
  }
  return parts;
}

std::string reasoning_text(const Json& item) {
  std::string text;
  for (const char* key : {"content", "summary"}) {
    const auto list = item.find(key);
    if (list == item.end() || !list->is_array() || !text.empty()) continue;
    for (const Json& part : *list) {
      if (part.is_object() && part.contains("text") && part["text"].is_string())
        text += part["text"].get<std::string>();
    }
  }
  return text;
}

// What is no part of the conversation here: of tools that other services run, or what only these can read.
bool is_passed_over(std::string_view type) {
  return type.ends_with("_call") || type.ends_with("_call_output") || type == "compaction" ||
         type == "mcp_list_tools" || type == "mcp_approval_request" || type == "mcp_approval_response" ||
         type == "tool_search_output" || type == "additional_tools";
}

// One input item → a chat message. Neighbours of one role are merged by the template.
std::optional<ApiError> read_item(const Json& json, const std::string& field, ResponsesInput& out) {
  Fields item(json, field + ".");
  std::string type = item.text("type");
  if (type.empty() && item.has("role")) type = "message";
  if (type == "message") {
    const Json* content = item.any("content");
    auto parts = content ? read_content(*content, field + ".content") : ApiResult<Json>("");
    if (!parts) return parts.error();
    out.messages.push_back({{"role", item.text("role")}, {"content", *std::move(parts)}});
  } else if (type == "function_call" || type == "custom_tool_call") {
    const bool custom = type == "custom_tool_call";  // its input is text, not JSON
    const std::string arguments =
        custom ? to_text(Json{{"input", item.text("input")}}) : item.text("arguments");
    Json call = {
        {"id", item.text("call_id")},
        {"type", "function"},
        {"function",
         {{"name", function_name(item.text("namespace"), item.text("name"))}, {"arguments", arguments}}}};
    out.messages.push_back(
        {{"role", "assistant"}, {"content", ""}, {"tool_calls", Json::array({std::move(call)})}});
  } else if (type == "function_call_output" || type == "custom_tool_call_output") {
    const Json* output = item.any("output");
    auto parts = output ? read_content(*output, field + ".output") : ApiResult<Json>("");
    if (!parts) return parts.error();
    out.messages.push_back(
        {{"role", "tool"}, {"tool_call_id", item.text("call_id")}, {"content", *std::move(parts)}});
  } else if (type == "reasoning") {
    const std::string text = reasoning_text(json);
    if (!text.empty())
      out.messages.push_back({{"role", "assistant"}, {"content", ""}, {"reasoning_content", text}});
  } else if (is_passed_over(type)) {
    out.ignored.add(fmt::format("input ({})", type));
  } else {
    item.reject("type", fmt::format("unknown item \"{}\"", type));
  }
  return item.error();
}

void read_text_format(Fields& fields, Json& chat) {
  const Json* text = fields.object("text");
  const Json* format = text ? Fields(*text, "text.").object("format") : nullptr;
  if (!format) return;
  Fields inner(*format, "text.format.");
  const std::string type = inner.text("type");
  if (type == "json_schema") {
    const Json* schema = inner.any("schema");
    if (!schema) return fields.reject("text.format.schema", "missing");
    chat["response_format"] = {{"type", type}, {"json_schema", {{"name", "answer"}, {"schema", *schema}}}};
  } else {
    chat["response_format"] = {{"type", type}};
  }
}

// Which of the optional parts of an answer the client wants; those of tools that other services run are no matter.
void read_include(Fields& fields, Json& chat) {
  const Json* include = fields.array("include");
  const Json* top = fields.any("top_logprobs");
  for (size_t i = 0; include && i < include->size(); ++i) {
    if ((*include)[i] != "message.output_text.logprobs") continue;
    chat["logprobs"] = true;
    if (top) chat["top_logprobs"] = *top;
  }
}

}  // namespace

ApiResult<ResponsesInput> chat_of_responses(Fields& fields, Json earlier) {
  ResponsesInput out{.chat = Json::object(), .messages = std::move(earlier), .items = Json::array()};
  const Json* input = fields.any("input");
  if (!input) return fail_api(ApiError::bad_request("input: missing", "input"));
  if (input->is_string()) {
    out.items.push_back({{"type", "message"}, {"role", "user"}, {"content", *input}});
  } else if (input->is_array()) {
    out.items = *input;
  } else {
    return fail_api(ApiError::bad_request("input: expected text or a list of items", "input"));
  }
  for (size_t i = 0; i < out.items.size(); ++i) {
    if (auto error = read_item(out.items[i], fmt::format("input[{}]", i), out)) return fail_api(*error);
    if (!out.items[i].contains("id")) out.items[i]["id"] = "item_" + random_id(16);
  }
  out.chat["messages"] = out.messages;
  if (const std::string instructions = fields.text("instructions"); !instructions.empty()) {
    out.chat["messages"].insert(out.chat["messages"].begin(),
                                Json{{"role", "system"}, {"content", instructions}});
  }
  ResponseTools tools = read_response_tools(fields, out.chat);
  out.functions = std::move(tools.by_function);
  for (const std::string& name : tools.ignored.names()) out.ignored.add(name);
  read_text_format(fields, out.chat);
  if (const Json* reasoning = fields.object("reasoning")) out.chat["reasoning"] = *reasoning;
  if (const Json* limit = fields.any("max_output_tokens")) out.chat["max_tokens"] = *limit;
  for (const char* name : {"temperature", "top_p", "parallel_tool_calls", "presence_penalty", "frequency_penalty",
                            "seed", "top_k", "min_p"}) {
    if (const Json* value = fields.any(name)) out.chat[name] = *value;
  }
  read_include(fields, out.chat);
  fields.ignore({"user", "metadata", "truncation", "service_tier", "store", "stream_options",
                 "safety_identifier", "prompt_cache_key", "max_tool_calls"});
  if (fields.flag("background"))
    fields.reject("background", "not offered: answers are streamed or waited for");
  if (fields.error()) return fail_api(*fields.error());
  return out;
}

}  // namespace sirocco::api
