// SPDX-License-Identifier: Apache-2.0
// The rules of mistral-common's request validators in their default mode, by tokenizer version.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "text/chat_request.h"
#include "text/json_schema.h"

namespace sirocco {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The reference's `$` also matches before a final newline.
std::string_view without_final_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

bool is_function_name(std::string_view text) {
  const std::string_view name = without_final_newline(text);
  return !name.empty() && name.size() <= 64 &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
}

bool is_nine_alphanumerics(std::string_view text) {
  const std::string_view id = without_final_newline(text);
  return id.size() == 9 && std::ranges::all_of(id, is_alphanumeric);
}

class Checker {
 public:
  Checker(const ChatRequest& request, TokenizerVersion version) : request_(request), version_(version) {}

  Result<void> check() {
    if (auto ok = check_structure(); !ok) return ok;
    if (auto ok = version_ >= TokenizerVersion::v11 ? check_answers_by_id() : check_answers_by_count(); !ok)
      return ok;
    for (size_t i = 0; i < request_.messages.size(); ++i)
      if (auto ok = check_message(request_.messages[i], i); !ok) return ok;
    for (const Tool& tool : request_.tools)
      if (auto ok = check_tool(tool); !ok) return ok;
    if (version_ < TokenizerVersion::v15 && request_.reasoning_effort)
      return bad_input(fmt::format("reasoning_effort: not supported by tokenizer {}", name_of(version_)));
    return {};
  }

 private:
  Result<void> check_structure() const {
    const auto& messages = request_.messages;
    if (messages.empty()) return bad_input("messages: a conversation must have at least one message");
    const Role first = messages[0].role;
    if (messages.size() == 1 && first != Role::user && first != Role::system)
      return bad_input("messages[0]: a conversation must start with a user or system message");
    if (messages.size() > 1 && messages.back().role == Role::assistant && !messages.back().prefix)
      return bad_input(
          "messages: the last message must be from the user or a tool, or from the assistant as a prefix");
    for (size_t i = 1; i < messages.size(); ++i) {
      const Role before = messages[i - 1].role, role = messages[i].role;
      bool allowed = true;
      if (before == Role::system || before == Role::user) allowed = role != Role::tool;
      if (before == Role::assistant || before == Role::tool) allowed = role != Role::system;
      if (!allowed)
        return bad_input(fmt::format("messages[{}]: unexpected role '{}' after role '{}'", i, name_of(role),
                                     name_of(before)));
    }
    return {};
  }

  // The first message is skipped by the reference's counters, so an opening assistant message does not count.
  Result<void> check_answers_by_count() const {
    int64_t open = 0;
    for (size_t i = 1; i < request_.messages.size(); ++i) {
      const ChatMessage& message = request_.messages[i];
      if (message.role == Role::tool) --open;
      if (message.role != Role::assistant) continue;
      if (open != 0)
        return bad_input(fmt::format("messages[{}]: not as many tool results as calls before it", i));
      open = static_cast<int64_t>(message.tool_calls.size());
    }
    return {};
  }

  Result<void> check_answers_by_id() const {
    std::set<std::string> expected, observed;
    for (size_t i = 1; i < request_.messages.size(); ++i) {
      const ChatMessage& message = request_.messages[i];
      if (message.role == Role::tool) {
        const std::string id = message.tool_call_id.value_or("");
        if (observed.contains(id))
          return bad_input(
              fmt::format("messages[{}]: a second result for the tool call id {}", i, quoted(id)));
        if (!message.tool_call_id || !expected.contains(id))
          return bad_input(fmt::format("messages[{}]: unexpected tool call id {}", i, quoted(id)));
        observed.insert(id);
      } else if (message.role == Role::assistant) {
        if (expected.size() != observed.size())
          return bad_input(fmt::format("messages[{}]: not as many tool results as calls before it", i));
        expected.clear();
        observed.clear();
        for (const ToolCall& call : message.tool_calls)
          if (!expected.insert(call.id).second)
            return bad_input(fmt::format("messages[{}]: duplicate tool call id {}", i, quoted(call.id)));
      }
    }
    return {};
  }

  bool chunks_allowed(const ChatMessage& message) const {
    for (const ContentChunk& chunk : message.content.chunks) {
      bool allowed = chunk.kind == ContentChunk::Kind::text;
      switch (message.role) {
        case Role::user:
          allowed |= chunk.kind == ContentChunk::Kind::image;
          break;
        case Role::tool:
          allowed |= version_ >= TokenizerVersion::v15;
          break;
        case Role::system:
          allowed |= version_ >= TokenizerVersion::v7 && version_ < TokenizerVersion::v15;
          break;
        case Role::assistant:
          allowed |= version_ >= TokenizerVersion::v11 && chunk.kind == ContentChunk::Kind::thinking;
          break;
      }
      if (!allowed) return false;
    }
    return true;
  }

  Result<void> check_message(const ChatMessage& message, size_t i) const {
    const auto fail_at = [&](std::string_view what) {
      return bad_input(fmt::format("messages[{}]: {}", i, what));
    };
    if (!chunks_allowed(message))
      return fail_at(
          fmt::format("content chunks of this type cannot be in a {} message", name_of(message.role)));
    if (message.role == Role::assistant) {
      if (version_ < TokenizerVersion::v7 && message.content.empty() == message.tool_calls.empty())
        return fail_at("an assistant message must have either content or tool_calls, but not both");
      for (const ToolCall& call : message.tool_calls) {
        if (!is_call_id(call.id))
          return fail_at(fmt::format("tool call id was {} but {}", quoted(call.id), id_rule()));
        if (!is_function_name(call.name)) return fail_at(name_rule(call.name));
      }
      if (message.prefix && i + 1 < request_.messages.size())
        return fail_at("only the last message can be a prefix");
    }
    if (message.role == Role::tool) {
      if (message.name && !is_function_name(*message.name)) return fail_at(name_rule(*message.name));
      if (!message.tool_call_id || !is_call_id(*message.tool_call_id))
        return fail_at(fmt::format("tool call id was {} but {}",
                                   quoted(message.tool_call_id.value_or("null")), id_rule()));
    }
    return {};
  }

  bool is_call_id(std::string_view id) const {
    if (version_ >= TokenizerVersion::v13) return !id.empty() && id != "null";
    return is_nine_alphanumerics(id);
  }
  std::string_view id_rule() const {
    return version_ >= TokenizerVersion::v13 ? "must not be empty or 'null'" : "must be 9 letters and digits";
  }
  static std::string name_rule(std::string_view name) {
    return fmt::format("function name was {} but must be 1 to 64 letters, digits, underscores and dashes",
                       quoted(name));
  }

  static Result<void> check_tool(const Tool& tool) {
    if (auto ok =
            check_json_schema(tool.parameters, fmt::format("tools: parameters of {}", quoted(tool.name)));
        !ok)
      return ok;
    if (!is_function_name(tool.name)) return bad_input(fmt::format("tools: {}", name_rule(tool.name)));
    return {};
  }

  const ChatRequest& request_;
  const TokenizerVersion version_;
};

}  // namespace

Result<void> check_chat(const ChatRequest& request, TokenizerVersion version) {
  return Checker(request, version).check();
}

}  // namespace sirocco
