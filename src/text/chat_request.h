// SPDX-License-Identifier: Apache-2.0
// An OpenAI chat request as plain data. Three steps lead from JSON to token ids, each in a file of its own:
// parse_chat_request (this shape), then check_chat (strict: refuse what mistral-common refuses) or
// repair_chat (lenient: mend it), then build_prompt (text/prompt.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/engine.h"
#include "sirocco/result.h"
#include "text/python_json.h"
#include "text/tokenizer.h"

namespace sirocco {

enum class Role { system, user, assistant, tool };
std::string_view name_of(Role role);

struct ContentChunk {
  enum class Kind { text, thinking, image };
  Kind kind = Kind::text;
  std::string text;    // the thought of a thinking chunk; the URL of an image
  bool closed = true;  // thinking: the block ends with its marker
};

// A string or a list of chunks; the reference treats the two differently here and there.
struct Content {
  bool is_list = false;
  std::string text;
  std::vector<ContentChunk> chunks;

  bool empty() const { return is_list ? chunks.empty() : text.empty(); }
};

struct ToolCall {
  std::string id = "null";  // the reference's spelling of "none"
  std::string name;
  std::string arguments;  // JSON text, or what the caller took for it
};

struct ChatMessage {
  Role role = Role::user;
  Content content;
  std::vector<ToolCall> tool_calls;
  bool prefix = false;                      // assistant: the answer goes on from here
  std::optional<std::string> tool_call_id;  // tool
  std::optional<std::string> name;          // tool
};

struct Tool {
  std::string name;
  std::string description;
  PythonJson parameters;  // an object
};

struct ChatRequest {
  std::vector<ChatMessage> messages;
  std::vector<Tool> tools;
  std::optional<std::string> reasoning_effort;
  std::optional<PythonJson> response_schema;  // of response_format, for models whose settings carry it
};

// `json` is the whole request object. Strict parsing takes what ChatCompletionRequest.from_openai takes, and
// {"prefix": true} on a final assistant message as Mistral's own API does. Lenient parsing also takes null or
// missing contents, the chunk spellings of other APIs and fields of the wrong type that do not matter here.
Result<ChatRequest> parse_chat_request(const PythonJson& json, ChatRules rules);

// Refuses, with its reason, what the reference's validator of this tokenizer version refuses.
Result<void> check_chat(const ChatRequest& request, TokenizerVersion version);
// Merges, drops and renames until the layout of this version takes the request.
void repair_chat(ChatRequest& request, const Tokenizer& tokenizer);

}  // namespace sirocco
