// SPDX-License-Identifier: Apache-2.0
#include "api/responses_writer.h"

#include "api/chat_writer.h"

#include <utility>

#include "api/parts.h"

namespace sirocco::api {
namespace {

Json text_part(const std::string& text, Json logprobs = Json::array()) {
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", Json::array()},
          {"logprobs", std::move(logprobs)}};
}

Json reasoning_part(const std::string& text) {
  return {{"type", "reasoning_text"}, {"text", text}};
}

Json response_usage(const Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens},
          {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

// The answer as the chat message that the next turn starts from.
Json answer_message(const ChoiceReply& choice) {
  Json message = {{"role", "assistant"}, {"content", choice.content}};
  if (!choice.reasoning.empty()) message["reasoning_content"] = choice.reasoning;
  for (const ToolCall& call : choice.tool_calls) message["tool_calls"].push_back(tool_call_json(call));
  return message;
}

}  // namespace

ResponsesWriter::ResponsesWriter(Service& service, AnswerFacts facts, Options options)
    : service_(service), facts_(std::move(facts)), options_(std::move(options)) {}

std::string ResponsesWriter::event(const char* type, Json fields) {
  Json out = {{"type", type}, {"sequence_number", sequence_++}};
  out.update(fields);
  return sse(type, out);
}

Json ResponsesWriter::response(const char* status) const {
  Json out = {{"id", facts_.id},
              {"object", "response"},
              {"created_at", facts_.created_s},
              {"status", status},
              {"background", false},
              {"error", nullptr},
              {"incomplete_details", nullptr},
              {"model", facts_.model},
              {"output", output_}};
  out.update(options_.echo);
  out["store"] = options_.store;
  out["usage"] = nullptr;
  return out;
}

ClientTool ResponsesWriter::client_tool(const Block& block, const ChoiceReply& so_far) const {
  const std::string& function = so_far.tool_calls[static_cast<size_t>(block.call)].name;
  const auto found = options_.functions.find(function);
  return found == options_.functions.end() ? ClientTool{.name = function} : found->second;
}

// resolve_references finds the answer by this id.
std::string ResponsesWriter::item_id(const Block& block, const ChoiceReply& so_far) const {
  const char* prefix = "fc";
  if (block.kind == BlockKind::thinking) prefix = "rs";
  if (block.kind == BlockKind::text) prefix = "msg";
  if (block.kind == BlockKind::call && client_tool(block, so_far).custom) prefix = "ctc";
  return prefix + facts_.id.substr(facts_.id.find('_')) + "_" + std::to_string(block.index);
}

Json ResponsesWriter::logprobs_of(const std::vector<PositionLogprobs>& positions) const {
  if (!options_.logprobs) return Json::array();
  std::vector<PositionLogprobs> content;
  for (const PositionLogprobs& position : positions)
    if (position.in_content) content.push_back(position);
  return chat_logprobs(*service_.engine(), content)["content"];
}

Json ResponsesWriter::call_item(const Block& block, const ChoiceReply& so_far) const {
  const ClientTool tool = client_tool(block, so_far);
  Json out = {{"id", item_id(block, so_far)},
              {"type", tool.custom ? "custom_tool_call" : "function_call"},
              {"call_id", so_far.tool_calls[static_cast<size_t>(block.call)].id}};
  if (!tool.space.empty()) out["namespace"] = tool.space;
  out["name"] = tool.name;
  out[tool.custom ? "input" : "arguments"] = tool.custom ? input_.text() : block.text;
  return out;
}

Json ResponsesWriter::item(const Block& block, const ChoiceReply& so_far, const char* status,
                           Json logprobs) const {
  const std::string& text = block.text;
  Json out = {{"id", item_id(block, so_far)}};
  if (block.kind == BlockKind::call) {
    out = call_item(block, so_far);
  } else if (block.kind == BlockKind::text) {
    out["type"] = "message";
    out["role"] = "assistant";
    out["content"] = Json::array();
    if (!text.empty()) out["content"].push_back(text_part(text, std::move(logprobs)));
  } else {
    out["type"] = "reasoning";
    out["summary"] = Json::array();
    out["content"] = Json::array();
    if (!text.empty()) out["content"].push_back(reasoning_part(text));
  }
  out["status"] = status;
  return out;
}

std::string ResponsesWriter::open() {
  std::string out = event("response.created", {{"response", response("in_progress")}});
  return out + event("response.in_progress", {{"response", response("in_progress")}});
}

void ResponsesWriter::take(const Delta& delta) {
  for (Json& entry : logprobs_of(delta.logprobs)) held_logprobs_.push_back(std::move(entry));
}

std::string ResponsesWriter::opened(const Block& block, const ChoiceReply& so_far) {
  input_ = {};
  std::string out = event("response.output_item.added",
                          {{"output_index", block.index}, {"item", item(block, so_far, "in_progress")}});
  if (block.kind == BlockKind::call) return out;
  const Json part = block.kind == BlockKind::text ? text_part("") : reasoning_part("");
  return out + event("response.content_part.added", {{"item_id", item_id(block, so_far)},
                                                     {"output_index", block.index},
                                                     {"content_index", 0},
                                                     {"part", part}});
}

std::string ResponsesWriter::grew(const Block& block, const std::string& piece, const ChoiceReply& so_far) {
  Json fields = {{"item_id", item_id(block, so_far)}, {"output_index", block.index}};
  if (block.kind != BlockKind::call) fields["content_index"] = 0;
  fields["delta"] = piece;
  if (block.kind == BlockKind::call && client_tool(block, so_far).custom) {
    fields["delta"] = input_.take(piece);
    return fields["delta"] == "" ? "" : event("response.custom_tool_call_input.delta", std::move(fields));
  }
  if (block.kind == BlockKind::call)
    return event("response.function_call_arguments.delta", std::move(fields));
  if (block.kind == BlockKind::thinking) return event("response.reasoning_text.delta", std::move(fields));
  for (const Json& entry : held_logprobs_) sent_logprobs_.push_back(entry);
  fields["logprobs"] = std::exchange(held_logprobs_, Json::array());
  return event("response.output_text.delta", std::move(fields));
}

std::string ResponsesWriter::closed(const Block& block, const ChoiceReply& so_far) {
  Json fields = {{"item_id", item_id(block, so_far)}, {"output_index", block.index}};
  std::string out;
  Json logprobs = Json::array();
  if (block.kind == BlockKind::call) {
    const ClientTool tool = client_tool(block, so_far);
    if (!tool.custom) fields["name"] = tool.name;
    fields[tool.custom ? "input" : "arguments"] = tool.custom ? input_.text() : block.text;
    out =
        event(tool.custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
              std::move(fields));
  } else {
    const bool text = block.kind == BlockKind::text;
    fields["content_index"] = 0;
    Json done = fields;
    done["text"] = block.text;
    if (text) {
      logprobs = std::exchange(sent_logprobs_, Json::array());
      for (Json& entry : held_logprobs_) logprobs.push_back(std::move(entry));
      held_logprobs_ = Json::array();
      done["logprobs"] = logprobs;
    }
    out = event(text ? "response.output_text.done" : "response.reasoning_text.done", std::move(done));
    fields["part"] = text ? text_part(block.text, logprobs) : reasoning_part(block.text);
    out += event("response.content_part.done", std::move(fields));
  }
  output_.push_back(item(block, so_far, "completed", std::move(logprobs)));
  return out + event("response.output_item.done", {{"output_index", block.index}, {"item", output_.back()}});
}

Json ResponsesWriter::finished(const Reply& reply) {
  const ChoiceReply& choice = reply.choices[0];
  const FinishReason reason = choice.finish->reason;
  const bool cut = reason == FinishReason::length || reason == FinishReason::timeout;
  Json out = response(cut ? "incomplete" : "completed");
  if (cut) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
  out["usage"] = response_usage(choice.finish->usage);
  if (options_.store) {
    options_.messages.push_back(answer_message(choice));
    service_.stored().put({.id = facts_.id,
                           .body = to_text(out),
                           .messages = to_text(options_.messages),
                           .input = to_text(options_.items)});
  }
  return out;
}

std::string ResponsesWriter::close(const Reply& reply) {
  std::string out = close_block(reply.choices[0]);
  Json done = finished(reply);
  const bool cut = done["status"] == "incomplete";
  return out + event(cut ? "response.incomplete" : "response.completed", {{"response", std::move(done)}});
}

std::string ResponsesWriter::error(const ApiError& error) {
  Json failed = response("failed");
  failed["error"] = {{"code", "server_error"}, {"message", error.message}};
  return event("response.failed", {{"response", std::move(failed)}});
}

Json ResponsesWriter::whole(const Reply& reply) {
  const ChoiceReply& choice = reply.choices[0];
  Block block;
  const auto add = [&](BlockKind kind, int call, const std::string& text) {
    block = {.kind = kind, .index = block.index + 1, .call = call, .text = text};
    input_ = {};
    input_.take(text);
    output_.push_back(item(block, choice, "completed", logprobs_of(choice.logprobs)));
  };
  if (!choice.reasoning.empty()) add(BlockKind::thinking, -1, choice.reasoning);
  if (!choice.content.empty() || choice.tool_calls.empty()) add(BlockKind::text, -1, choice.content);
  for (size_t i = 0; i < choice.tool_calls.size(); ++i) {
    add(BlockKind::call, static_cast<int>(i), choice.tool_calls[i].arguments);
  }
  return finished(reply);
}

}  // namespace sirocco::api
