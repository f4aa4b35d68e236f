// SPDX-License-Identifier: Apache-2.0
#include "api/messages_request.h"

#include <fmt/format.h>

#include "api/response_tools.h"

namespace sirocco::api {
namespace {

constexpr std::string_view kBillingHeader = "x-anthropic-billing-header";

tl::unexpected<ApiError> wrong(std::string field, std::string_view what) {
  return fail_api(ApiError::bad_request(fmt::format("{}: {}", field, what), field));
}

// Text of a string or of a list of text blocks.
ApiResult<std::string> read_text(const Json& content, const std::string& field) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return wrong(field, "expected a string or a list of blocks");
  std::string text;
  for (const Json& block : content) {
    Fields inner(block, field + "[].");
    const std::string piece = drop_billing_lines(inner.text("text"));
    if (inner.error()) return fail_api(*inner.error());
    if (!text.empty() && !piece.empty()) text += "\n";
    text += piece;
  }
  return text;
}

ApiResult<Json> image_part(Fields& block, const std::string& field) {
  const Json* source = block.object("source");
  if (!source) return wrong(field + ".source", "missing");
  Fields inner(*source, field + ".source.");
  const std::string type = inner.text("type");
  std::string url = inner.text("url");
  if (type == "base64") url = fmt::format("data:{};base64,{}", inner.text("media_type"), inner.text("data"));
  if (inner.error()) return fail_api(*inner.error());
  if (url.empty()) return wrong(field + ".source.type", "expected base64 or url");
  return Json{{"type", "image_url"}, {"image_url", {{"url", std::move(url)}}}};
}

Json shown_text(std::string text) {
  return {{"type", "text"}, {"text", std::move(text)}};
}

ApiResult<bool> read_shown(const Json& json, const std::string& field, Json& parts);

ApiResult<bool> read_document(Fields& block, const std::string& field, Json& parts) {
  const Json* source = block.object("source");
  if (!source) return wrong(field + ".source", "missing");
  Fields inner(*source, field + ".source.");
  const std::string type = inner.text("type");
  if (type != "text" && type != "content")
    return wrong(field + ".source.type",
                 fmt::format("only documents of text and content are taken, got \"{}\"", type));
  if (type == "text") parts.push_back(shown_text(inner.text("data")));
  const Json* content = type == "content" ? inner.any("content") : nullptr;
  if (content && content->is_string()) parts.push_back(shown_text(content->get<std::string>()));
  for (size_t i = 0; content && content->is_array() && i < content->size(); ++i) {
    const std::string where = fmt::format("{}.source.content[{}]", field, i);
    auto shown = read_shown((*content)[i], where, parts);
    if (!shown) return shown;
    if (!*shown) return wrong(where + ".type", "expected text or an image");
  }
  if (inner.error()) return fail_api(*inner.error());
  return true;
}

// What there is to read and to see in a block of a turn or of a tool's result, as parts of a chat message.
// False where the block is of another kind.
ApiResult<bool> read_shown(const Json& json, const std::string& field, Json& parts) {
  Fields block(json, field + ".");
  const std::string type = block.text("type");
  if (type == "text") {
    parts.push_back(shown_text(block.text("text")));
  } else if (type == "image") {
    auto part = image_part(block, field);
    if (!part) return fail_api(part.error());
    parts.push_back(*std::move(part));
  } else if (type == "document") {
    if (auto read = read_document(block, field, parts); !read) return read;
  } else if (type == "search_result") {
    const Json* content = block.any("content");
    auto text = content ? read_text(*content, field + ".content") : ApiResult<std::string>("");
    if (!text) return fail_api(text.error());
    parts.push_back(shown_text(fmt::format("{} ({})\n{}", block.text("title"), block.text("source"), *text)));
  } else if (!block.error()) {
    return false;
  }
  if (block.error()) return fail_api(*block.error());
  return true;
}

// What the vendor's own servers put into a conversation: their tools' calls and results, sealed thoughts.
bool is_of_other_servers(std::string_view type) {
  return type == "redacted_thinking" || type == "server_tool_use" || type == "mcp_tool_use" ||
         type == "container_upload" || type == "tool_reference" || type.ends_with("_tool_result");
}

// A text in front says that the tool failed: the layout has no other place for it.
void mark_as_error(Json& content) {
  constexpr const char* kMark = "Error: ";
  if (content.is_string()) {
    content = kMark + content.get<std::string>();
  } else if (!content.empty() && content[0]["type"] == "text") {
    content[0]["text"] = kMark + content[0]["text"].get<std::string>();
  } else {
    content.insert(content.begin(), shown_text(kMark));
  }
}

// Results of tools become messages of their own, in front of what the user says beside them.
ApiResult<Json> tool_result(Fields& block, const std::string& field, NameList& ignored) {
  Json message = {{"role", "tool"}, {"tool_call_id", block.text("tool_use_id")}, {"content", ""}};
  const Json* content = block.any("content");
  if (content && content->is_string()) message["content"] = *content;
  if (content && !content->is_string()) {
    if (!content->is_array()) return wrong(field + ".content", "expected a string or a list of blocks");
    message["content"] = Json::array();
    for (size_t i = 0; i < content->size(); ++i) {
      const std::string where = fmt::format("{}.content[{}]", field, i);
      auto shown = read_shown((*content)[i], where, message["content"]);
      if (!shown) return fail_api(shown.error());
      if (*shown) continue;
      const std::string type = Fields((*content)[i]).text("type");
      if (!is_of_other_servers(type))
        return wrong(where + ".type", fmt::format("unknown block \"{}\"", type));
      ignored.add(fmt::format("messages ({})", type));
    }
  }
  if (block.flag("is_error")) mark_as_error(message["content"]);
  return message;
}

class Turn {
 public:
  Turn(const Json& message, std::string field, NameList& ignored)
      : field_(std::move(field)), message_(message, field_ + "."), ignored_(ignored) {}

  // Appends the chat messages of this turn.
  std::optional<ApiError> read(Json& out) {
    role_ = message_.text("role");
    const Json* content = message_.any("content");
    if (message_.error()) return *message_.error();
    if (role_ != "user" && role_ != "assistant" && role_ != "system") {
      return ApiError::bad_request(
          fmt::format("{}.role: expected user or assistant, got \"{}\"", field_, role_), field_ + ".role");
    }
    if (!content || (content->is_array() && content->empty())) {
      out.push_back({{"role", role_}, {"content", ""}});
      return std::nullopt;
    }
    if (content->is_string()) {
      out.push_back({{"role", role_}, {"content", *content}});
      return std::nullopt;
    }
    if (!content->is_array())
      return ApiError::bad_request(field_ + ".content: expected text or blocks", field_);
    for (size_t i = 0; i < content->size(); ++i) {
      if (auto error = read_block((*content)[i], fmt::format("{}.content[{}]", field_, i), out)) return error;
    }
    flush(out);
    return std::nullopt;
  }

 private:
  std::optional<ApiError> read_block(const Json& json, const std::string& field, Json& out) {
    auto shown = read_shown(json, field, parts_);
    if (!shown) return shown.error();
    if (*shown) return std::nullopt;
    Fields block(json, field + ".");
    const std::string type = block.text("type");
    if (type == "tool_result") {
      auto result = tool_result(block, field, ignored_);
      if (!result) return result.error();
      out.push_back(*std::move(result));
    } else if (type == "thinking") {
      reasoning_ += block.text("thinking");
    } else if (type == "tool_use") {
      const Json* input = block.any("input");
      calls_.push_back(
          {{"id", block.text("id")},
           {"type", "function"},
           {"function", {{"name", block.text("name")}, {"arguments", input ? to_text(*input) : "{}"}}}});
    } else if (is_of_other_servers(type)) {
      ignored_.add(fmt::format("messages ({})", type));
    } else {
      return ApiError::bad_request(fmt::format("{}.type: unknown block \"{}\"", field, type),
                                   field + ".type");
    }
    return block.error();
  }

  void flush(Json& out) {
    if (parts_.empty() && calls_.empty() && reasoning_.empty()) return;
    Json message = {{"role", role_}};
    message["content"] = parts_.size() == 1 && parts_[0].contains("text") ? parts_[0]["text"] : parts_;
    if (parts_.empty()) message["content"] = "";
    if (!reasoning_.empty()) message["reasoning_content"] = reasoning_;
    if (!calls_.empty()) message["tool_calls"] = std::move(calls_);
    out.push_back(std::move(message));
  }

  const std::string field_;
  Fields message_;
  NameList& ignored_;
  std::string role_, reasoning_;
  Json parts_ = Json::array(), calls_ = Json::array();
};

// Of the tools that come without a schema, run by Anthropic's servers or known to its models alone (bash_…,
// text_editor_…), none can be offered.
void read_tools(Fields& fields, Json& chat, NameList& ignored) {
  NameList left_out;
  const Json* tools = fields.array("tools");
  for (size_t i = 0; tools && i < tools->size(); ++i) {
    Fields tool((*tools)[i], fmt::format("tools[{}].", i));
    const Json* schema = tool.object("input_schema");
    const std::string type = tool.text("type");
    if (!schema && !type.empty() && type != "custom") {
      left_out.add(type);
      continue;
    }
    Json function = {{"name", tool.text("name")}, {"description", tool.text("description")}};
    function["parameters"] = schema ? *schema : Json{{"type", "object"}};
    if (tool.error()) return fields.reject("tools", tool.error()->message);
    chat["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  for (const std::string& type : left_out.names()) ignored.add(fmt::format("tools ({})", type));
  const Json* choice = fields.object("tool_choice");
  if (!choice) return;
  Fields inner(*choice, "tool_choice.");
  const std::string type = inner.text("type");
  if (!chat.contains("tools")) {
    if (type == "any" || type == "tool") refuse_required(fields, left_out);
    return;
  }
  if (type == "tool") {
    chat["tool_choice"] = {{"type", "function"}, {"function", {{"name", inner.text("name")}}}};
  } else if (type == "any" || type == "auto" || type == "none") {
    chat["tool_choice"] = type == "any" ? "required" : type;
  } else {
    return fields.reject("tool_choice", fmt::format("unknown type \"{}\"", type));
  }
  if (inner.flag("disable_parallel_tool_use")) chat["parallel_tool_calls"] = false;
}

void read_thinking(Fields& fields, Json& chat) {
  if (const Json* output = fields.object("output_config")) {
    Fields inner(*output, "output_config.");
    if (const std::string effort = inner.text("effort"); !effort.empty()) chat["reasoning_effort"] = effort;
    if (const Json* format = inner.object("format")) {
      if (const Json* schema = Fields(*format).any("schema")) {
        chat["response_format"] = {{"type", "json_schema"},
                                   {"json_schema", {{"name", "answer"}, {"schema", *schema}}}};
      }
    }
  }
  const Json* thinking = fields.object("thinking");
  if (!thinking) {
    chat.erase("reasoning_effort");  // here an effort alone does not switch thinking on
    return;
  }
  Fields inner(*thinking, "thinking.");
  const std::string type = inner.text("type");
  if (type == "disabled") {
    chat["reasoning_effort"] = "none";
  } else {
    if (!chat.contains("reasoning_effort")) chat["reasoning_effort"] = "high";
    if (const auto budget = inner.integer("budget_tokens", 0, 1 << 30))
      chat["thinking_token_budget"] = *budget;
  }
}

}  // namespace

std::string drop_billing_lines(std::string_view system) {
  std::string out;
  while (!system.empty()) {
    const size_t end = system.find('\n');
    const std::string_view line = system.substr(0, end);
    if (!line.starts_with(kBillingHeader)) {
      out += line;
      if (end != std::string_view::npos) out += '\n';
    }
    system.remove_prefix(end == std::string_view::npos ? system.size() : end + 1);
  }
  return out;
}

ApiResult<MessagesInput> chat_of_messages(Fields& fields) {
  MessagesInput out{.chat = {{"messages", Json::array()}}};
  Json& chat = out.chat;
  if (const Json* system = fields.any("system")) {
    auto text = read_text(*system, "system");
    if (!text) return fail_api(text.error());
    const std::string kept = drop_billing_lines(*text);
    if (!kept.empty()) chat["messages"].push_back({{"role", "system"}, {"content", kept}});
  }
  const Json* messages = fields.array("messages");
  if (fields.error()) return fail_api(*fields.error());
  if (!messages || messages->empty()) return wrong("messages", "at least one message is required");
  for (size_t i = 0; i < messages->size(); ++i) {
    Turn turn((*messages)[i], fmt::format("messages[{}]", i), out.ignored);
    if (auto error = turn.read(chat["messages"])) return fail_api(*error);
  }
  if (chat["messages"].empty()) return wrong("messages", "all of them are empty");
  Json& last = chat["messages"].back();
  if (last["role"] == "assistant" && !last.contains("tool_calls")) last["prefix"] = true;  // go on from there
  read_tools(fields, chat, out.ignored);
  read_thinking(fields, chat);
  for (const char* name : {"temperature", "top_p", "top_k", "max_tokens"}) {
    if (const Json* value = fields.any(name)) chat[name] = *value;
  }
  if (const Json* stops = fields.array("stop_sequences")) chat["stop"] = *stops;
  fields.ignore({"metadata", "service_tier", "container", "mcp_servers", "context_management", "betas"});
  if (fields.error()) return fail_api(*fields.error());
  return out;
}

}  // namespace sirocco::api
