// SPDX-License-Identifier: Apache-2.0
#include "api/mistral_writer.h"

#include <algorithm>

namespace sirocco::api {
namespace {

// Text alone is a string, as everywhere.
Json mistral_content(const std::string& reasoning, const std::string& content) {
  if (reasoning.empty()) return content;
  const Json thought = {{"type", "text"}, {"text", reasoning}};
  Json parts = Json::array({{{"type", "thinking"}, {"thinking", Json::array({thought})}}});
  if (!content.empty()) parts.push_back({{"type", "text"}, {"text", content}});
  return parts;
}

}  // namespace

bool is_mistral_client(std::string_view user_agent) {
  return user_agent.find("mistral-client") != std::string_view::npos ||
         user_agent.find("mistralai") != std::string_view::npos;
}

void MistralWriter::send_calls(int index, const ChoiceReply& choice, size_t end, Json& delta) {
  const auto i = static_cast<size_t>(index);
  if (sent_calls_.size() <= i) sent_calls_.resize(i + 1);
  for (size_t& next = sent_calls_[i]; next < end; ++next) {
    delta["tool_calls"].push_back(tool_call_json(choice.tool_calls[next]));
    delta["tool_calls"].back()["index"] = next;
  }
}

Json MistralWriter::delta_json(int index, const Delta& delta, const Reply& so_far) {
  Json out = Json::object();
  const std::string& reasoning = options_.include_reasoning ? delta.reasoning : std::string();
  if (!reasoning.empty() || !delta.content.empty())
    out["content"] = mistral_content(reasoning, delta.content);
  const ChoiceReply& choice = so_far.choices[static_cast<size_t>(index)];
  const size_t complete = std::max<size_t>(choice.tool_calls.size(), 1) - 1;  // the last one may still grow
  send_calls(index, choice, complete, out);
  return out;
}

void MistralWriter::complete_last_chunk(int index, const Reply& so_far, Json& chunk) {
  const ChoiceReply& choice = so_far.choices[static_cast<size_t>(index)];
  send_calls(index, choice, choice.tool_calls.size(), chunk["choices"][0]["delta"]);
  if (so_far.finished()) chunk["usage"] = usage_json(so_far.usage(facts_.per_prompt));
}

Json MistralWriter::message(const ChoiceReply& choice) const {
  Json out = ChatWriter::message(choice);
  out.erase("reasoning_content");
  out.erase("reasoning");
  out["content"] =
      mistral_content(options_.include_reasoning ? choice.reasoning : std::string(), choice.content);
  return out;
}

}  // namespace sirocco::api
