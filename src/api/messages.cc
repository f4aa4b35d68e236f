// SPDX-License-Identifier: Apache-2.0
// Anthropic's POST /v1/messages and its token count.
#include "api/block_writer.h"
#include "api/chat.h"
#include "api/messages_request.h"
#include "api/parts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

const char* stop_reason(const Finish& finish) {
  switch (finish.reason) {
    case FinishReason::length:
    case FinishReason::timeout:
      return "max_tokens";
    case FinishReason::tool_calls:
      return "tool_use";
    default:
      return finish.stop_string.empty() ? "end_turn" : "stop_sequence";
  }
}

Json stop_sequence(const Finish& finish) {
  if (finish.stop_string.empty()) return nullptr;
  return finish.stop_string;
}

Json messages_usage(const Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens - usage.cached_tokens},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", usage.cached_tokens},
          {"output_tokens", usage.completion_tokens}};
}

class MessagesWriter final : public BlockWriter {
 public:
  MessagesWriter(AnswerFacts facts, int64_t prompt_tokens)
      : facts_(std::move(facts)), prompt_tokens_(prompt_tokens) {}

  std::string ping() const override { return sse("ping", {{"type", "ping"}}); }

  std::string open() override {
    Json message = head();
    message["stop_reason"] = nullptr;
    message["stop_sequence"] = nullptr;
    message["usage"] = messages_usage({.prompt_tokens = prompt_tokens_});
    return sse("message_start", {{"type", "message_start"}, {"message", std::move(message)}}) + ping();
  }

  std::string close(const Reply& reply) override {
    const Finish& finish = *reply.choices[0].finish;
    std::string out = close_block(reply.choices[0]);
    out += sse("message_delta",
               {{"type", "message_delta"},
                {"delta", {{"stop_reason", stop_reason(finish)}, {"stop_sequence", stop_sequence(finish)}}},
                {"usage", messages_usage(finish.usage)}});
    return out + sse("message_stop", {{"type", "message_stop"}});
  }

  std::string error(const ApiError& error) override {
    return sse("error", error_json(error, Dialect::anthropic));
  }

  Json whole(const Reply& reply) override {
    const ChoiceReply& choice = reply.choices[0];
    Json message = head();
    Json& content = message["content"];
    if (!choice.reasoning.empty()) {
      content.push_back({{"type", "thinking"}, {"thinking", choice.reasoning}, {"signature", ""}});
    }
    if (!choice.content.empty()) content.push_back({{"type", "text"}, {"text", choice.content}});
    for (const ToolCall& call : choice.tool_calls) {
      auto input = parse_json(call.arguments, "arguments");  // cut short only by max_tokens
      content.push_back({{"type", "tool_use"},
                         {"id", call.id},
                         {"name", call.name},
                         {"input", input && input->is_object() ? *std::move(input) : Json::object()}});
    }
    message["stop_reason"] = stop_reason(*choice.finish);
    message["stop_sequence"] = stop_sequence(*choice.finish);
    message["usage"] = messages_usage(choice.finish->usage);
    return message;
  }

 protected:
  std::string opened(const Block& block, const ChoiceReply& so_far) override {
    Json start;
    if (block.kind == BlockKind::thinking) {
      start = {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
    } else if (block.kind == BlockKind::text) {
      start = {{"type", "text"}, {"text", ""}};
    } else {
      const ToolCall& call = so_far.tool_calls[static_cast<size_t>(block.call)];
      start = {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", Json::object()}};
    }
    return sse(
        "content_block_start",
        {{"type", "content_block_start"}, {"index", block.index}, {"content_block", std::move(start)}});
  }

  std::string grew(const Block& block, const std::string& piece, const ChoiceReply&) override {
    Json delta;
    if (block.kind == BlockKind::thinking) {
      delta = {{"type", "thinking_delta"}, {"thinking", piece}};
    } else if (block.kind == BlockKind::text) {
      delta = {{"type", "text_delta"}, {"text", piece}};
    } else {
      delta = {{"type", "input_json_delta"}, {"partial_json", piece}};
    }
    return delta_event(block, std::move(delta));
  }

  // Thoughts end in a signature, which clients wait for. There is nothing to sign: whoever sends them back is believed.
  std::string closed(const Block& block, const ChoiceReply&) override {
    std::string out;
    if (block.kind == BlockKind::thinking) out = delta_event(block, {{"type", "signature_delta"}, {"signature", ""}});
    return out + sse("content_block_stop", {{"type", "content_block_stop"}, {"index", block.index}});
  }

 private:
  static std::string delta_event(const Block& block, Json delta) {
    return sse("content_block_delta",
               {{"type", "content_block_delta"}, {"index", block.index}, {"delta", std::move(delta)}});
  }
  Json head() const {
    return {{"id", facts_.id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", facts_.model},
            {"content", Json::array()}};
  }
  const AnswerFacts facts_;
  const int64_t prompt_tokens_;
};

// The chat JSON behind a messages body, ready for the engine.
ApiResult<PreparedRequest> prepare_messages(Call& call, Fields& fields) {
  auto input = chat_of_messages(fields);
  if (!input) return fail_api(input.error());
  const std::vector<std::string> unread = fields.unread();
  Fields chat_fields(input->chat);
  auto prepared = prepare_chat(call, input->chat, {}, chat_fields);
  if (!prepared) return prepared;
  call.note_ignored(unread);
  call.note_ignored(input->ignored.names());
  return prepared;
}

}  // namespace

void post_messages(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const bool stream = fields.flag("stream");
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  if (!fields.has("max_tokens"))
    return call->fail(ApiError::bad_request("max_tokens: missing", "max_tokens"));
  auto prepared = prepare_messages(*call, fields);
  if (!prepared) return call->fail(prepared.error());
  GenerateRequest& request = prepared->request;
  request.choices = 1;
  AnswerFacts facts{.id = "msg_" + random_id(24), .model = *model, .created_s = now_s()};
  GenerationPlan plan{.constraint = std::move(prepared->constraint), .stream = stream};
  plan.writer =
      std::make_unique<MessagesWriter>(std::move(facts), static_cast<int64_t>(request.prompt.size()));
  plan.requests.push_back(std::move(request));
  run_generation(call, std::move(plan));
}

void post_count_messages(const CallPtr& call) {
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  fields.ignore({"model"});
  auto prepared = prepare_messages(*call, fields);
  if (!prepared) return call->fail(prepared.error());
  call->respond({{"input_tokens", prepared->request.prompt.size()}});
}

}  // namespace sirocco::api
