// SPDX-License-Identifier: Apache-2.0
#include "text/prompt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <ranges>

#include "base/check.h"
#include "text/chat_normalizer.h"
#include "text/json_schema.h"

namespace sirocco {
namespace {

// Appends to a prompt; after the first error it does nothing and keeps that error.
class PromptWriter {
 public:
  PromptWriter(const Tokenizer& tokenizer, const PictureSizer& picture_size)
      : tokenizer_(tokenizer), picture_size_(picture_size) {}

  Result<PromptTokens> finish() && {
    if (failed_) return tl::unexpected<Error>(std::move(error_));
    return std::move(prompt_);
  }

  bool chat(const NormalizedChat& chat, const ChatRequest& request);
  bool fim(std::string_view prompt, std::string_view suffix);

 private:
  bool refuse(std::string message, ErrorKind kind = ErrorKind::bad_input) {
    failed_ = true;
    error_ = {kind, std::move(message)};
    return false;
  }
  TokenizerVersion version() const { return tokenizer_.version(); }
  bool since(TokenizerVersion version_) const { return version() >= version_; }

  bool marker(std::string_view name) {
    const auto id = tokenizer_.special_id(name);
    if (!id)
      return refuse(fmt::format("the tokenizer has no control token {}", name), ErrorKind::unsupported);
    prompt_.ids.push_back(*id);
    return true;
  }
  bool text(std::string_view text) {
    tokenizer_.encode_append(text, prompt_.ids);
    return true;
  }
  bool block(std::string_view open, std::string_view inside, std::string_view close) {
    return marker(open) && text(inside) && marker(close);
  }

  bool user(const ChatMessage& message, bool is_last, std::string_view system_prompt);
  bool system(const ChatMessage& message);
  bool assistant(const ChatMessage& message);
  bool tool_result(const ChatMessage& message);
  bool tool_calls(const std::vector<ToolCall>& calls);
  bool tools_and_settings(const ChatRequest& request);
  bool choose_settings(const ChatRequest& request);
  bool chunk(const ContentChunk& chunk);
  bool chunks(const std::vector<ContentChunk>& chunks);
  bool picture(const std::string& url);
  bool json_of(std::string_view json, std::string& out);

  const Tokenizer& tokenizer_;
  const PictureSizer& picture_size_;
  PromptTokens prompt_;
  std::string settings_;  // JSON; empty where the layout has none
  Error error_;
  bool failed_ = false;
};

// Python's spelling of JSON text; text that is no JSON becomes a JSON string.
bool PromptWriter::json_of(std::string_view json, std::string& out) {
  const auto value = parse_python_json(json.empty() ? "{}" : json, "arguments");
  if (value) {
    out += dump_python_json(*value);
    return true;
  }
  if (value.error().kind == ErrorKind::unsupported)
    return refuse(value.error().message, ErrorKind::unsupported);
  dump_python_string(json, out);
  return true;
}

bool PromptWriter::picture(const std::string& url) {
  if (!tokenizer_.image()) return refuse("the tokenizer has no image settings", ErrorKind::unsupported);
  if (!picture_size_) return refuse("pictures cannot be read here", ErrorKind::unsupported);
  const auto grid = picture_size_(url);
  if (!grid) return refuse(grid.error().message, grid.error().kind);
  CHECK(grid->columns > 0 && grid->rows > 0);
  const auto ids = picture_tokens(tokenizer_, *grid);
  if (!ids) return refuse(ids.error().message, ids.error().kind);
  const auto first = static_cast<int64_t>(prompt_.ids.size());
  prompt_.ids.insert(prompt_.ids.end(), ids->begin(), ids->end());
  prompt_.pictures.push_back({first, static_cast<int64_t>(ids->size())});
  return true;
}

bool PromptWriter::chunk(const ContentChunk& chunk) {
  switch (chunk.kind) {
    case ContentChunk::Kind::text:
      return text(chunk.text);
    case ContentChunk::Kind::image:
      return picture(chunk.text);
    case ContentChunk::Kind::thinking:
      break;
  }
  if (!since(TokenizerVersion::v13))
    return refuse(fmt::format("thinking is not supported by tokenizer {}", name_of(version())));
  return marker("[THINK]") && text(chunk.text) && (!chunk.closed || marker("[/THINK]"));
}

bool PromptWriter::chunks(const std::vector<ContentChunk>& list) {
  return std::ranges::all_of(list, [this](const ContentChunk& c) { return chunk(c); });
}

// Decided before anything is written: a request with settings that the model lacks fails even if it has no
// user message that would show them.
bool PromptWriter::choose_settings(const ChatRequest& request) {
  if (!since(TokenizerVersion::v15)) return true;
  const auto& builder = tokenizer_.model_settings();
  if (!builder) return refuse("the tokenizer has no model_settings_builder, which v15 needs");
  PythonJson all = PythonJson::make_object();  // keys in alphabetical order
  if (builder->json_schema && request.response_schema) {
    if (auto ok = check_json_schema(*request.response_schema, "response_format"); !ok)
      return refuse(ok.error().message);
    all.add("json_schema", *request.response_schema);
  }
  if (builder->reasoning_effort) {
    const auto& known = *builder->reasoning_effort;
    const std::string effort = request.reasoning_effort.value_or(known.default_value);
    if (!std::ranges::count(known.values, effort))
      return refuse(fmt::format("reasoning_effort: expected one of {}, got {}", fmt::join(known.values, ", "),
                                quoted(effort)));
    all.add("reasoning_effort", PythonJson::make_string(effort));
  }
  if (!all.keys.empty()) settings_ = dump_python_json(all);
  return true;
}

bool PromptWriter::tools_and_settings(const ChatRequest& request) {
  if (!request.tools.empty()) {
    std::string json = "[";
    for (const Tool& tool : request.tools) {
      if (json.size() > 1) json += ", ";
      json += R"({"type": "function", "function": {"name": )";
      dump_python_string(tool.name, json);
      json += R"(, "description": )";
      dump_python_string(tool.description, json);
      json += R"(, "parameters": )";
      json += dump_python_json(tool.parameters);
      json += "}}";
    }
    if (!block("[AVAILABLE_TOOLS]", json + "]", "[/AVAILABLE_TOOLS]")) return false;
  }
  return settings_.empty() || block("[MODEL_SETTINGS]", settings_, "[/MODEL_SETTINGS]");
}

bool PromptWriter::user(const ChatMessage& message, bool is_last, std::string_view system_prompt) {
  if (!marker("[INST]")) return false;
  const std::string lead = is_last && !system_prompt.empty() ? std::string(system_prompt) + "\n\n" : "";
  if (!message.content.is_list) return text(lead + message.content.text) && marker("[/INST]");
  text(lead);
  auto list = message.content.chunks;
  const bool texts_then_picture =
      list.size() >= 2 && list.back().kind == ContentChunk::Kind::image &&
      std::all_of(list.begin(), list.end() - 1, [](auto& c) { return c.kind == ContentChunk::Kind::text; });
  if (texts_then_picture) std::rotate(list.begin(), list.end() - 1, list.end());
  return chunks(list) && marker("[/INST]");
}

bool PromptWriter::system(const ChatMessage& message) {
  if (!marker("[SYSTEM_PROMPT]")) return false;
  if (!(message.content.is_list ? chunks(message.content.chunks) : text(message.content.text))) return false;
  return marker("[/SYSTEM_PROMPT]");
}

bool PromptWriter::tool_calls(const std::vector<ToolCall>& calls) {
  const auto has_id = [](const ToolCall& call) { return !call.id.empty() && call.id != "null"; };
  if (!since(TokenizerVersion::v11)) {  // one list of all calls
    std::string json = "[";
    for (const ToolCall& call : calls) {
      json += json.size() > 1 ? ", {\"name\": " : "{\"name\": ";
      dump_python_string(call.name, json);
      json += ", \"arguments\": ";
      if (!json_of(call.arguments, json)) return false;
      if (has_id(call)) {
        json += ", \"id\": ";
        dump_python_string(call.id, json);
      }
      json += "}";
    }
    return marker("[TOOL_CALLS]") && text(json + "]");
  }
  for (const ToolCall& call : calls) {
    std::string arguments;
    if (!json_of(call.arguments, arguments)) return false;
    if (!marker("[TOOL_CALLS]") || !text(call.name)) return false;
    if (version() == TokenizerVersion::v11 && has_id(call) && !(marker("[CALL_ID]") && text(call.id)))
      return false;
    if (!marker("[ARGS]") || !text(arguments)) return false;
  }
  return true;
}

bool PromptWriter::assistant(const ChatMessage& message) {
  const Content& content = message.content;
  if (content.empty() && message.tool_calls.empty())
    return refuse("an assistant message has neither content nor calls");
  if (!since(TokenizerVersion::v7) && !content.empty() && !message.tool_calls.empty())
    return refuse("an assistant message has both content and tool calls");
  if (content.is_list) {
    if (!chunks(content.chunks)) return false;
  } else {
    const size_t last = content.text.find_last_not_of(' ');
    text(std::string_view(content.text).substr(0, last == std::string::npos ? 0 : last + 1));
  }
  if (!message.tool_calls.empty() && !tool_calls(message.tool_calls)) return false;
  if (!message.prefix) prompt_.ids.push_back(tokenizer_.eos_id());
  return true;
}

bool PromptWriter::tool_result(const ChatMessage& message) {
  const Content& content = message.content;
  if (since(TokenizerVersion::v13)) {
    if (!marker("[TOOL_RESULTS]")) return false;
    if (!(content.is_list ? chunks(content.chunks) : text(content.text))) return false;
    return marker("[/TOOL_RESULTS]");
  }
  if (content.is_list) return refuse("a tool message holds something other than text");
  const std::string id = message.tool_call_id.value_or("");
  if (since(TokenizerVersion::v7))
    return marker("[TOOL_RESULTS]") && text(id) && block("[TOOL_CONTENT]", content.text, "[/TOOL_RESULTS]");
  std::string json = "{\"content\": ";
  if (!json_of(content.text, json)) return false;
  json += ", \"call_id\": ";
  dump_python_string(id, json);
  return block("[TOOL_RESULTS]", json + "}", "[/TOOL_RESULTS]");
}

// Text behind an open thought belongs to it, since nothing closes it in the prompt either.
bool ends_inside_thinking(const Content& content) {
  if (!content.is_list) return false;
  const auto chunks = std::views::reverse(content.chunks);
  const auto last = std::ranges::find(chunks, ContentChunk::Kind::thinking, &ContentChunk::kind);
  return last != chunks.end() && !last->closed;
}

bool PromptWriter::chat(const NormalizedChat& chat, const ChatRequest& request) {
  if (!choose_settings(request)) return false;
  const auto& messages = chat.messages;
  size_t first_user = messages.size(), last_user = messages.size();
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != Role::user) continue;
    if (first_user == messages.size()) first_user = i;
    last_user = i;
  }
  const size_t tools_at = since(TokenizerVersion::v13) ? first_user : last_user;
  prompt_.ids.push_back(tokenizer_.bos_id());
  for (size_t i = 0; i < messages.size(); ++i) {
    const ChatMessage& message = messages[i];
    bool done = false;
    switch (message.role) {
      case Role::system:
        done = system(message);
        break;
      case Role::user:
        done = (i != tools_at || tools_and_settings(request)) &&
               user(message, i == last_user, chat.system_prompt);
        break;
      case Role::assistant:
        done = assistant(message);
        break;
      case Role::tool:
        done = tool_result(message);
        break;
    }
    if (!done) return false;
  }
  const ChatMessage& last = messages.back();
  prompt_.inside_thinking = last.prefix && last.tool_calls.empty() && ends_inside_thinking(last.content);
  return true;
}

bool PromptWriter::fim(std::string_view prompt, std::string_view suffix) {
  prompt_.ids.push_back(tokenizer_.bos_id());
  if (!marker("[SUFFIX]")) return false;
  if (!suffix.empty()) {
    // The reference encodes the suffix behind a smiley and cuts two tokens off, whatever they cover.
    const auto ids = tokenizer_.encode(fmt::format("☺{}", suffix));
    prompt_.ids.insert(prompt_.ids.end(), ids.begin() + std::min<ptrdiff_t>(2, std::ssize(ids)), ids.end());
  }
  return marker("[PREFIX]") && text(prompt);
}

}  // namespace

Result<PromptTokens> build_prompt(const Tokenizer& tokenizer, const ChatRequest& request,
                                  const PictureSizer& picture_size) {
  if (request.messages.empty()) return bad_input("messages: a conversation must have at least one message");
  PromptWriter writer(tokenizer, picture_size);
  writer.chat(normalize_chat(request, tokenizer.version()), request);
  return std::move(writer).finish();
}

Result<PromptTokens> prompt_of_request(const Tokenizer& tokenizer, const PythonJson& json, ChatRules rules,
                                       const PictureSizer& picture_size) {
  auto request = parse_chat_request(json, rules);
  if (!request) return forward_error(request);
  if (rules == ChatRules::lenient) {
    repair_chat(*request, tokenizer);
  } else if (auto checked = check_chat(*request, tokenizer.version()); !checked) {
    return forward_error(checked);
  }
  return build_prompt(tokenizer, *request, picture_size);
}

Result<PromptTokens> build_fim_prompt(const Tokenizer& tokenizer, std::string_view prompt,
                                      std::string_view suffix) {
  PromptWriter writer(tokenizer, nullptr);
  writer.fim(prompt, suffix);
  return std::move(writer).finish();
}

Result<std::vector<TokenId>> picture_tokens(const Tokenizer& tokenizer, const PictureGrid& grid) {
  const auto img = tokenizer.special_id("[IMG]");
  const auto img_break = tokenizer.special_id("[IMG_BREAK]");
  const auto img_end = tokenizer.special_id("[IMG_END]");
  if (!img || !img_break || !img_end) return bad_input("the tokenizer has no image control tokens");
  std::vector<TokenId> ids;
  for (int row = 0; row < grid.rows; ++row) {
    ids.insert(ids.end(), static_cast<size_t>(grid.columns), *img);
    ids.push_back(row + 1 == grid.rows ? *img_end : *img_break);
  }
  return ids;
}

PictureGrid picture_grid(const ImageTokenConfig& config, int64_t width_pixels, int64_t height_pixels) {
  CHECK(width_pixels > 0 && height_pixels > 0);
  const double largest = config.max_image_size;
  const double ratio =
      std::max(static_cast<double>(height_pixels) / largest, static_cast<double>(width_pixels) / largest);
  if (ratio > 1) {  // Python's round: halves to even, as nearbyint rounds by default
    width_pixels = std::max<int64_t>(std::llrint(static_cast<double>(width_pixels) / ratio), 1);
    height_pixels = std::max<int64_t>(std::llrint(static_cast<double>(height_pixels) / ratio), 1);
  }
  const int64_t side = static_cast<int64_t>(config.patch_size) * config.spatial_merge_size;
  return {static_cast<int>((width_pixels - 1) / side + 1), static_cast<int>((height_pixels - 1) / side + 1)};
}

}  // namespace sirocco
