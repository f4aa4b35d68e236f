// SPDX-License-Identifier: Apache-2.0
// Lenient mode: what agents send is mended instead of refused. Nothing here depends on the model's answer.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sirocco/reasoning_effort.h"
#include "text/chat_request.h"

namespace sirocco {
namespace {

// Nine letters and digits, as the oldest layouts want them; counted, so that equal requests get equal
// prompts.
std::string make_call_id(size_t number) {
  return fmt::format("call{:05}", number % 100000);
}

class Repairer {
 public:
  Repairer(ChatRequest& request, const Tokenizer& tokenizer) : request_(request), tokenizer_(tokenizer) {}

  void run() {
    for (ChatMessage& message : request_.messages) clean_content(message);
    std::erase_if(request_.messages, is_void);
    mend_call_ids();
    mend_prefixes();
    clamp_effort();
  }

 private:
  // Thoughts that the layout has no place for are dropped; so are empty texts, and empty thoughts unless they are
  // open: those ask for an answer that begins with thinking.
  void clean_content(ChatMessage& message) const {
    const bool keeps_thoughts = message.role == Role::assistant &&
                                tokenizer_.version() >= TokenizerVersion::v13 &&
                                tokenizer_.special_id("[THINK]");
    auto& chunks = message.content.chunks;
    std::erase_if(chunks, [&](const ContentChunk& chunk) {
      if (chunk.kind == ContentChunk::Kind::thinking)
        return !keeps_thoughts || (chunk.text.empty() && chunk.closed);
      return chunk.kind == ContentChunk::Kind::text && chunk.text.empty();
    });
    if (message.content.is_list && chunks.empty()) message.content = {};
  }

  static bool is_void(const ChatMessage& message) {
    return message.role == Role::assistant && message.content.empty() && message.tool_calls.empty();
  }

  // Every call gets an id that no other has; a result without a known id answers the oldest open call.
  void mend_call_ids() {
    std::set<std::string> used;
    std::vector<std::pair<std::string, std::string>> open;  // the caller's id and ours
    for (ChatMessage& message : request_.messages) {
      if (message.role == Role::assistant) {
        for (ToolCall& call : message.tool_calls) {
          const std::string given = call.id;
          if (!is_valid_id(given) || used.contains(given)) call.id = unused_id(used);
          used.insert(call.id);
          open.emplace_back(given, call.id);
        }
      } else if (message.role == Role::tool) {
        auto answered = std::ranges::find(open, message.tool_call_id.value_or("null"),
                                          &decltype(open)::value_type::first);
        if (answered == open.end()) answered = open.begin();
        message.tool_call_id = answered == open.end() ? unused_id(used) : answered->second;
        used.insert(*message.tool_call_id);
        if (answered != open.end()) open.erase(answered);
      } else {
        open.clear();
      }
    }
  }

  bool is_valid_id(const std::string& id) const {
    if (tokenizer_.version() >= TokenizerVersion::v13) return !id.empty() && id != "null";
    return id.size() == 9 && std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; });
  }

  static std::string unused_id(const std::set<std::string>& used) {
    size_t number = used.size();
    while (used.contains(make_call_id(number))) ++number;
    return make_call_id(number);
  }

  // Only the last message can be continued; a last message of the assistant is, unless it ends in calls.
  void mend_prefixes() {
    for (ChatMessage& message : request_.messages) message.prefix = false;
    if (request_.messages.empty()) return;
    ChatMessage& last = request_.messages.back();
    last.prefix = last.role == Role::assistant && last.tool_calls.empty();
  }

  // Efforts that the model does not know become the nearest that it does.
  void clamp_effort() {
    auto& effort = request_.reasoning_effort;
    const auto& settings = tokenizer_.model_settings();
    if (!settings || !settings->reasoning_effort) return effort.reset();
    const auto& values = settings->reasoning_effort->values;
    if (!effort || std::ranges::count(values, *effort)) return;
    if (!is_reasoning_effort(*effort)) return effort.reset();
    const std::string nearest = effort_thinks(*effort) ? "high" : "none";
    if (std::ranges::count(values, nearest))
      effort = nearest;
    else
      effort.reset();
  }

  ChatRequest& request_;
  const Tokenizer& tokenizer_;
};

}  // namespace

void repair_chat(ChatRequest& request, const Tokenizer& tokenizer) {
  Repairer(request, tokenizer).run();
}

}  // namespace sirocco
