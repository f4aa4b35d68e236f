// SPDX-License-Identifier: Apache-2.0
#include "text/chat_normalizer.h"

#include <algorithm>
#include <map>

namespace sirocco {
namespace {

constexpr std::string_view kBetweenMessages = "\n\n";

using Messages = std::vector<const ChatMessage*>;

class Normalizer {
 public:
  explicit Normalizer(TokenizerVersion version)
      : version_(version), between_chunks_(version >= TokenizerVersion::v15 ? "" : "\n\n") {}

  NormalizedChat run(const ChatRequest& request) {
    if (version_ < TokenizerVersion::v7) join_system_prompts(request);
    Messages group;
    for (const ChatMessage& message : request.messages) {
      if (!group.empty() && group[0]->role != message.role) flush(group);
      group.push_back(&message);
    }
    flush(group);
    auto& messages = chat_.messages;
    if (messages.empty() || (version_ < TokenizerVersion::v7 && messages[0].role != Role::user))
      messages.insert(messages.begin(), ChatMessage{});
    return std::move(chat_);
  }

 private:
  // Joins texts and keeps other chunks in place; a string if there is nothing but text.
  Content aggregate(const Messages& messages) const {
    Content all;
    std::string text;
    const auto flush_text = [&] {
      if (!text.empty()) all.chunks.push_back({ContentChunk::Kind::text, std::move(text)});
      text.clear();
    };
    for (const ChatMessage* message : messages) {
      bool new_message = !text.empty();
      if (!message->content.is_list && !message->content.empty()) {
        if (new_message) text += kBetweenMessages;
        text += message->content.text;
      }
      for (const ContentChunk& chunk : message->content.chunks) {
        if (chunk.kind != ContentChunk::Kind::text) {
          flush_text();
          all.chunks.push_back(chunk);
          continue;
        }
        if (chunk.text.empty()) continue;
        if (!text.empty()) text += new_message ? kBetweenMessages : between_chunks_;
        text += chunk.text;
        new_message = false;
      }
    }
    if (all.chunks.empty()) {
      all.text = std::move(text);
    } else {
      flush_text();
      all.is_list = true;
    }
    return all;
  }

  void join_system_prompts(const ChatRequest& request) {
    bool first = true;
    for (const ChatMessage& message : request.messages) {
      if (message.role != Role::system || message.content.empty()) continue;
      if (!first) chat_.system_prompt += kBetweenMessages;
      first = false;
      chat_.system_prompt += aggregate({&message}).text;
    }
  }

  void flush(Messages& group) {
    switch (group[0]->role) {
      case Role::system:
        if (version_ >= TokenizerVersion::v7)
          for (const ChatMessage* message : group) add_single(*message);
        break;
      case Role::user: {
        ChatMessage merged;
        merged.content = aggregate(group);
        chat_.messages.push_back(std::move(merged));
        break;
      }
      case Role::assistant:
        flush_assistant(group);
        break;
      case Role::tool:
        flush_tool(group);
        break;
    }
    group.clear();
  }

  void add_single(const ChatMessage& message) {
    ChatMessage single = message;
    single.content = aggregate({&message});
    chat_.messages.push_back(std::move(single));
  }

  void flush_assistant(const Messages& group) {
    ChatMessage merged;
    merged.role = Role::assistant;
    merged.content = aggregate(group);
    for (const ChatMessage* message : group) {
      merged.prefix |= message->prefix;
      for (const ToolCall& call : message->tool_calls) {
        merged.tool_calls.push_back(call);
        latest_call_ids_.push_back(call.id);
      }
    }
    chat_.messages.push_back(std::move(merged));
  }

  void flush_tool(const Messages& group) {
    const size_t begin = chat_.messages.size();
    for (const ChatMessage* message : group) add_single(*message);
    if (version_ >= TokenizerVersion::v11) sort_results(begin);
    latest_call_ids_.clear();
  }

  // By the place of their call, unknown ones last; then by the last place of their id among the results.
  void sort_results(size_t begin) {
    std::map<std::string, size_t> call_place, result_place;
    for (size_t i = 0; i < latest_call_ids_.size(); ++i) call_place[latest_call_ids_[i]] = i;
    const auto id_of = [](const ChatMessage& message) { return message.tool_call_id.value_or("null"); };
    for (size_t i = begin; i < chat_.messages.size(); ++i) result_place[id_of(chat_.messages[i])] = i;
    const auto key = [&](const ChatMessage& message) {
      const auto call = call_place.find(id_of(message));
      return std::pair(call == call_place.end() ? SIZE_MAX : call->second, result_place[id_of(message)]);
    };
    std::stable_sort(chat_.messages.begin() + static_cast<ptrdiff_t>(begin), chat_.messages.end(),
                     [&](const ChatMessage& a, const ChatMessage& b) { return key(a) < key(b); });
  }

  const TokenizerVersion version_;
  const std::string_view between_chunks_;
  NormalizedChat chat_;
  std::vector<std::string> latest_call_ids_;  // of the calls that no results have followed yet
};

}  // namespace

NormalizedChat normalize_chat(const ChatRequest& request, TokenizerVersion version) {
  return Normalizer(version).run(request);
}

}  // namespace sirocco
