// SPDX-License-Identifier: Apache-2.0
#include "text/chat_request.h"

#include <fmt/format.h>

#include <algorithm>

namespace sirocco {

std::string_view name_of(Role role) {
  switch (role) {
    case Role::system:
      return "system";
    case Role::user:
      return "user";
    case Role::assistant:
      return "assistant";
    case Role::tool:
      break;
  }
  return "tool";
}

namespace {

using Kind = PythonJson::Kind;

// The value of a key, null counting as absent.
const PythonJson* given(const PythonJson& object, std::string_view key) {
  const PythonJson* value = object.find(key);
  return value && !value->is_null() ? value : nullptr;
}

class RequestReader {
 public:
  RequestReader(const PythonJson& root, ChatRules rules)
      : root_(root), lenient_(rules == ChatRules::lenient) {}

  Result<ChatRequest> read() {
    if (!root_.is_object()) return bad_input("request: expected an object");
    const PythonJson* messages = root_.find("messages");
    if (!messages || !messages->is_array()) return bad_input("messages: expected a list");
    for (const PythonJson& message : messages->items) {
      where_ = fmt::format("messages[{}]", request_.messages.size());
      if (!read_message(message)) return tl::unexpected<Error>(error_);
    }
    if (!read_continuation() || !read_tools() || !read_effort() || !read_response_format() ||
        !check_numbers())
      return tl::unexpected<Error>(error_);
    return std::move(request_);
  }

 private:
  bool refuse(std::string_view field, std::string_view what) {
    error_ = {ErrorKind::bad_input, where_.empty() ? fmt::format("{}: {}", field, what)
                                                   : fmt::format("{}.{}: {}", where_, field, what)};
    return false;
  }

  bool read_string(const PythonJson& object, std::string_view key, std::string& out) {
    const PythonJson* value = object.find(key);
    if (!value || !value->is_string()) return refuse(key, "expected a string");
    out = value->text;
    return true;
  }
  bool read_optional_string(const PythonJson& object, std::string_view key, std::optional<std::string>& out) {
    const PythonJson* value = given(object, key);
    if (!value) return true;
    if (!value->is_string()) return lenient_ || refuse(key, "expected a string");
    out = value->text;
    return true;
  }
  // True, false, and the numbers and words that the reference takes for them.
  bool read_bool(const PythonJson& object, std::string_view key, bool& out) {
    const PythonJson* value = object.find(key);
    if (!value) return true;
    if (value->is(Kind::boolean)) {
      out = value->boolean;
    } else if (value->is(Kind::integer) && (value->text == "0" || value->text == "1")) {
      out = value->text == "1";
    } else if (value->is_string() && (value->text == "true" || value->text == "false")) {
      out = value->text == "true";
    } else {
      return lenient_ || refuse(key, "expected true or false");
    }
    return true;
  }

  bool read_message(const PythonJson& json) {
    if (!json.is_object()) return refuse("message", "expected an object");
    std::string role;
    if (!read_string(json, "role", role)) return false;
    ChatMessage message;
    if (role == "system" || role == "developer") {
      message.role = Role::system;
    } else if (role == "user") {
      message.role = Role::user;
    } else if (role == "assistant") {
      message.role = Role::assistant;
    } else if (role == "tool" || (lenient_ && role == "function")) {
      message.role = Role::tool;
    } else {
      return refuse("role", fmt::format("expected system, user, assistant or tool, got {}", quoted(role)));
    }
    if (!read_content(json, message)) return false;
    if (message.role == Role::assistant && !read_assistant(json, message)) return false;
    if (message.role == Role::tool && !read_tool_result(json, message)) return false;
    request_.messages.push_back(std::move(message));
    return true;
  }

  bool read_content(const PythonJson& json, ChatMessage& message) {
    const PythonJson* content = given(json, "content");
    if (!content)
      return message.role == Role::assistant || lenient_ || refuse("content", "expected a string or a list");
    if (content->is_string()) {
      message.content.text = content->text;
      return true;
    }
    if (!content->is_array()) return refuse("content", "expected a string or a list");
    message.content.is_list = true;
    for (const PythonJson& chunk : content->items)
      if (!read_chunk(chunk, message)) return false;
    return true;
  }

  bool read_chunk(const PythonJson& json, ChatMessage& message) {
    if (lenient_ && json.is_string()) {
      message.content.chunks.push_back({ContentChunk::Kind::text, json.text});
      return true;
    }
    std::string type;
    if (!json.is_object()) return refuse("content", "expected a list of objects");
    if (!read_string(json, "type", type)) return false;
    ContentChunk chunk;
    if (type == "text" || (lenient_ && (type == "input_text" || type == "output_text"))) {
      if (!read_string(json, "text", chunk.text)) return false;
    } else if (lenient_ && type == "refusal") {  // what OpenAI's models decline with is text to others
      if (!read_string(json, "refusal", chunk.text)) return false;
    } else if (type == "thinking") {
      chunk.kind = ContentChunk::Kind::thinking;
      if (!read_thinking(json, chunk)) return false;
      if (!read_bool(json, "closed", chunk.closed)) return false;
      if (message.role == Role::user || message.role == Role::tool)
        return lenient_ ||
               refuse("content", fmt::format("thinking cannot be used in {} message", name_of(message.role)));
    } else if (type == "image_url" || (lenient_ && type == "input_image")) {
      chunk.kind = ContentChunk::Kind::image;
      if (!read_image_url(json, chunk)) return false;
      if (message.role == Role::system || message.role == Role::assistant)
        return refuse("content", fmt::format("an image cannot be used in {} message", name_of(message.role)));
    } else if (type == "input_audio" || type == "audio_url") {
      return refuse("content", "audio is not supported");
    } else {
      return refuse("content", fmt::format("unknown chunk type {}", quoted(type)));
    }
    message.content.chunks.push_back(std::move(chunk));
    return true;
  }

  // A plain string; Mistral's API also sends a list of text chunks, which the reference does not take.
  bool read_thinking(const PythonJson& json, ContentChunk& chunk) {
    const PythonJson* thinking = json.find("thinking");
    if (lenient_ && thinking && thinking->is_array()) {
      for (const PythonJson& part : thinking->items)
        if (const PythonJson* text = part.find("text"); text && text->is_string()) chunk.text += text->text;
      return true;
    }
    return read_string(json, "thinking", chunk.text);
  }

  bool read_image_url(const PythonJson& json, ContentChunk& chunk) {
    const PythonJson* image = json.find("image_url");
    if (image && image->is_string()) {
      chunk.text = image->text;
      return true;
    }
    if (!image || !image->is_object()) return refuse("image_url", "expected a string or an object");
    if (!lenient_)
      for (const std::string& key : image->keys)
        if (key != "url" && key != "detail")
          return refuse("image_url", fmt::format("unknown key {}", quoted(key)));
    const PythonJson* detail = given(*image, "detail");
    if (!lenient_ && detail && !detail->is_string()) return refuse("image_url.detail", "expected a string");
    return read_string(*image, "url", chunk.text);
  }

  bool read_assistant(const PythonJson& json, ChatMessage& message) {
    if (!read_reasoning(json, message) || !read_bool(json, "prefix", message.prefix)) return false;
    const PythonJson* calls = given(json, "tool_calls");
    if (!calls) return true;
    if (!calls->is_array()) return refuse("tool_calls", "expected a list");
    for (const PythonJson& json_call : calls->items) {
      ToolCall call;
      if (!read_call(json_call, call)) return false;
      message.tool_calls.push_back(std::move(call));
    }
    return true;
  }

  // OpenAI-style servers put the thought beside the content.
  bool read_reasoning(const PythonJson& json, ChatMessage& message) {
    std::optional<std::string> reasoning, reasoning_content;
    if (!read_optional_string(json, "reasoning", reasoning)) return false;
    if (!read_optional_string(json, "reasoning_content", reasoning_content)) return false;
    if (!lenient_ && reasoning && reasoning_content && *reasoning != *reasoning_content)
      return refuse("reasoning_content", "expected the same as reasoning");
    if (lenient_)  // clients send "" for an answer without a thought
      for (auto* text : {&reasoning, &reasoning_content})
        if (*text && (*text)->empty()) text->reset();
    const auto& thought = reasoning_content ? reasoning_content : reasoning;
    if (!thought) return true;
    Content& content = message.content;
    if (std::ranges::any_of(content.chunks,
                            [](const auto& c) { return c.kind == ContentChunk::Kind::thinking; }))
      return lenient_ || refuse("reasoning", "the content has thinking chunks already");
    // A string becomes a text chunk; a missing content leaves the thought alone.
    if (!content.is_list && given(json, "content"))
      content.chunks.push_back({ContentChunk::Kind::text, std::move(content.text)});
    content.is_list = true;
    content.text.clear();
    content.chunks.insert(content.chunks.begin(), {ContentChunk::Kind::thinking, *thought});
    return true;
  }

  bool read_call(const PythonJson& json, ToolCall& call) {
    if (!json.is_object()) return refuse("tool_calls", "expected a list of objects");
    const PythonJson* id = lenient_ ? given(json, "id") : json.find("id");
    if (id && !id->is_string()) return refuse("tool_calls.id", "expected a string");
    if (id) call.id = id->text;
    const PythonJson* type = json.find("type");
    if (!lenient_ && type && (!type->is_string() || type->text != "function"))
      return refuse("tool_calls.type", "expected \"function\"");
    const PythonJson* function = json.find("function");
    if (!function || !function->is_object()) return refuse("tool_calls.function", "expected an object");
    if (!read_string(*function, "name", call.name)) return false;
    const PythonJson* arguments = function->find("arguments");
    if (!arguments && !lenient_) return refuse("tool_calls.function.arguments", "missing");
    if (!arguments || arguments->is_null()) {
      call.arguments = "{}";
    } else if (arguments->is_object() || (lenient_ && !arguments->is_string())) {
      call.arguments = dump_python_json(*arguments);
    } else if (arguments->is_string()) {
      call.arguments = arguments->text;
    } else {
      return refuse("tool_calls.function.arguments", "expected a string or an object");
    }
    return true;
  }

  bool read_tool_result(const PythonJson& json, ChatMessage& message) {
    if (!lenient_ && !json.find("tool_call_id")) return refuse("tool_call_id", "missing");
    return read_optional_string(json, "tool_call_id", message.tool_call_id) &&
           read_optional_string(json, "name", message.name);
  }

  bool read_continuation() {
    where_.clear();
    bool go_on = false;
    if (!read_bool(root_, "continue_final_message", go_on)) return false;
    if (!go_on) return true;
    if (request_.messages.empty() || request_.messages.back().role != Role::assistant)
      return lenient_ || refuse("continue_final_message", "the final message is not from the assistant");
    request_.messages.back().prefix = true;
    return true;
  }

  bool read_tools() {
    const PythonJson* tools = given(root_, "tools");
    if (!tools) return true;
    if (!tools->is_array()) return refuse("tools", "expected a list");
    for (const PythonJson& json : tools->items) {
      where_ = fmt::format("tools[{}]", request_.tools.size());
      const PythonJson* type = json.find("type");
      if (type && (!type->is_string() || type->text != "function"))
        return refuse("type", "expected \"function\"");
      const PythonJson* function = json.find("function");
      if (!function || !function->is_object()) return refuse("function", "expected an object");
      where_ += ".function";
      Tool tool;
      std::optional<std::string> description;
      bool is_strict = false;
      if (!read_string(*function, "name", tool.name)) return false;
      if (!read_optional_string(*function, "description", description)) return false;
      if (given(*function, "strict") && !read_bool(*function, "strict", is_strict)) return false;
      tool.description = description.value_or("");
      const PythonJson* parameters = given(*function, "parameters");
      if (parameters && !parameters->is_object()) return refuse("parameters", "expected an object");
      tool.parameters = parameters ? *parameters : PythonJson::make_object();
      request_.tools.push_back(std::move(tool));
    }
    where_.clear();
    return true;
  }

  bool read_effort() {
    if (!read_optional_string(root_, "reasoning_effort", request_.reasoning_effort)) return false;
    if (lenient_ || !request_.reasoning_effort || is_reasoning_effort(*request_.reasoning_effort))
      return true;
    return refuse("reasoning_effort", fmt::format("unknown effort {}", quoted(*request_.reasoning_effort)));
  }

  bool read_response_format() {
    const PythonJson* format = given(root_, "response_format");
    const PythonJson* type = format ? format->find("type") : nullptr;
    if (!type || type->text == "text") return true;
    if (type->text == "json_object") {
      auto any = parse_python_json(R"({"anyOf": [{"type": "object"}, {"type": "array"}]})", "schema");
      request_.response_schema = std::move(*any);
      return true;
    }
    const PythonJson* wrapper = given(*format, "json_schema");
    const PythonJson* schema = wrapper ? given(*wrapper, "schema") : nullptr;
    if (schema && schema->is_object()) {
      request_.response_schema = *schema;
      return true;
    }
    return lenient_ ||
           refuse("response_format", "expected type text, json_object, or json_schema with a schema");
  }

  // The reference's bounds on samplers are part of what it refuses.
  bool check_numbers() {
    if (lenient_) return true;
    for (const std::string_view key : {"temperature", "top_p"})
      if (const PythonJson* value = root_.find(key); value && value->is_number())
        if (!(value->as_double() >= 0 && value->as_double() <= 1)) return refuse(key, "expected 0 to 1");
    for (const std::string_view key : {"max_tokens", "seed", "random_seed"})
      if (const PythonJson* value = root_.find(key); value && value->is_number() && value->as_double() < 0)
        return refuse(key, "expected at least 0");
    return true;
  }

  const PythonJson& root_;
  const bool lenient_;
  std::string where_;  // path of what is being read, for errors
  Error error_;
  ChatRequest request_;
};

}  // namespace

Result<ChatRequest> parse_chat_request(const PythonJson& json, ChatRules rules) {
  return RequestReader(json, rules).read();
}

}  // namespace sirocco
