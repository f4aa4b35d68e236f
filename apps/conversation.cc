// SPDX-License-Identifier: Apache-2.0
#include "conversation.h"

#include <span>

#include "base/file.h"
#include "picture_files.h"

namespace sirocco {

using Json = nlohmann::ordered_json;

void Conversation::ask(const std::string& text, const std::vector<std::string>& pictures) {
  messages_.push_back({{"role", "user"}, {"content", content_with_pictures(pictures, text)}});
}

void Conversation::answer(const Answer& answer) {
  if (answer.text.empty()) {
    messages_.erase(messages_.size() - 1);
    return;
  }
  Json message = {{"role", "assistant"}, {"content", answer.text}};
  if (!answer.reasoning.empty()) message["reasoning_content"] = answer.reasoning;
  messages_.push_back(std::move(message));
}

Json Conversation::request() const {
  Json request;
  request["messages"] = Json::array();
  if (!system.empty()) request["messages"].push_back({{"role", "system"}, {"content", system}});
  for (const Json& message : messages_) request["messages"].push_back(message);
  if (!effort.empty()) request["reasoning_effort"] = effort;
  return request;
}

Result<void> Conversation::save(const std::string& path) const {
  const std::string text = request().dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  return write_file_atomically(path, std::as_bytes(std::span(text)));
}

Result<void> Conversation::load(const std::string& path) {
  auto text = read_file(path, size_t{1} << 26);
  if (!text) return forward_error(text);
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("messages") || !json["messages"].is_array())
    return bad_input(path + ": expected an object with messages");
  Conversation loaded;
  for (const Json& message : json["messages"]) {
    const bool well_formed = message.is_object() && message.contains("role") && message["role"].is_string() &&
                             message.contains("content") &&
                             (message["content"].is_string() || message["content"].is_array());
    if (!well_formed) return bad_input(path + ": expected messages with role and content");
    if (message["role"] == "system" && message["content"].is_string() && loaded.messages_.empty())
      loaded.system = message["content"];
    else
      loaded.messages_.push_back(message);
  }
  if (json.contains("reasoning_effort") && json["reasoning_effort"].is_string())
    loaded.effort = json["reasoning_effort"];
  *this = std::move(loaded);
  return {};
}

}  // namespace sirocco
