// SPDX-License-Identifier: Apache-2.0
// Engine: one loaded model with its cache and the thread that runs it. Everything here may be called from
// any thread. Engines share nothing: two in one process work. The destructor ends all streams with
// FinishReason::cancelled.
//
//   auto engine = Engine::open({.model_path = "models/mini"});
//   auto request = (*engine)->chat_request(R"({"messages": [{"role": "user", "content": "Hi"}]})");
//   auto stream = (*engine)->submit(*std::move(request));
//   while (auto event = stream->next()) …
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sirocco/options.h"
#include "sirocco/request.h"
#include "sirocco/result.h"
#include "sirocco/stream.h"

namespace sirocco {

struct EngineInfo {
  std::string model_name;
  std::string model_path;
  std::string architecture;
  std::string dtype;      // that holds most weights
  std::string tokenizer;  // "v15", …
  std::string isa;        // of the kernels in use
  int64_t layers = 0, hidden = 0, vocabulary = 0;
  int64_t context_tokens = 0;  // longest sequence that this engine takes
  int64_t max_position_embeddings = 0;
  int64_t parameters = 0;
  uint64_t file_bytes = 0;
  uint64_t weights_fingerprint = 0;  // of the weights and of how they are read: sessions of others are refused
  int64_t cache_pages = 0, page_tokens = 0, page_bytes = 0;
  int max_sequences = 0;
  int threads = 0;  // that compute
  bool vision = false;
  bool infill = false;  // the vocabulary has tokens for infill_prompt()
  int32_t begin_token = -1, end_token = -1;
  std::string memory_plan;  // how the cache was sized, in one line
};

// A snapshot of counters since open() and of gauges now.
struct EngineStats {
  int running = 0, waiting = 0;
  int64_t waiting_tokens = 0;
  int64_t pages_free = 0, pages_held = 0, pages_cached = 0;  // they add up to info().cache_pages
  uint64_t requests_finished[6] = {};                        // by FinishReason
  uint64_t prompt_tokens = 0, cached_tokens = 0, predicted_tokens = 0;
  double prompt_seconds = 0.0, predicted_seconds = 0.0;
  uint64_t steps = 0, sequences_stepped = 0, preemptions = 0;
  uint64_t pictures_asked = 0, pictures_known = 0;  // in requests; those that were encoded before, or wait to be
  uint64_t pictures_encoded = 0;
  double picture_seconds = 0.0;  // of encoding
  int64_t picture_cache_bytes = 0;
  int64_t longest_sequence = 0;
  // Of routed experts that take turns in memory (EngineOptions::weight_copy_bytes): how often one was computed, and how
  // often it had to be read from the file for that. Both 0 where all are there.
  uint64_t shared_experts = 0, experts_read = 0;
};

enum class ChatRules {
  strict,   // refuse what mistral-common refuses, with its reason
  lenient,  // repair: merge roles, mend call ids, clamp reasoning_effort
};

// A picture as it stands in a prompt of one's own making: `ids` go into the prompt, `picture` (with first_token
// set to where they went) into GenerateRequest::pictures.
struct PictureTokens {
  std::vector<int32_t> ids;
  PromptPicture picture;
};

struct TokenizeOptions {
  bool add_begin = false;      // begin-of-text in front
  bool parse_special = false;  // "[INST]" in the text becomes the control token
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);
  virtual ~Engine() = default;

  virtual const EngineInfo& info() const = 0;
  virtual EngineStats stats() const = 0;

  // OpenAI chat JSON → prompt ids, samplers, stops. Fields of llama-server and vLLM are read too; unknown
  // ones are ignored and, given `ignored`, named there.
  virtual Result<GenerateRequest> chat_request(std::string_view json, ChatRules rules = ChatRules::lenient,
                                               std::vector<std::string>* ignored = nullptr) const = 0;
  // The samplers, limits and stops among the fields of any such object, into `request`; what it does not name
  // stays as it is.
  virtual Result<void> read_fields(std::string_view json, GenerateRequest& request,
                                   std::vector<std::string>* ignored = nullptr) const = 0;
  // Reads the picture behind a data: URL, or one that EngineOptions::fetch_picture knows. chat_request() does it
  // for the pictures of its messages.
  virtual Result<PictureTokens> picture(std::string_view url) const = 0;
  virtual std::vector<int32_t> tokenize(std::string_view text, const TokenizeOptions& options = {}) const = 0;
  // A prompt whose answer is what stands between `prefix` and `suffix` (FIM), as mistral-common makes it. Fails with
  // unsupported where the vocabulary has no tokens for it.
  virtual Result<std::vector<int32_t>> infill_prompt(std::string_view prefix, std::string_view suffix) const = 0;
  // Invalid UTF-8 becomes U+FFFD; control tokens are dropped unless `spell_special`. Any ids will do.
  virtual std::string detokenize(std::span<const int32_t> ids, bool spell_special = false) const = 0;
  virtual std::string token_bytes(int32_t id) const = 0;  // raw bytes; the name of a control token

  // Fails with bad_input (the message names the field) or resource (the queue is full).
  virtual Result<Stream> submit(GenerateRequest request) = 0;

  // Cached pages of the longest known prefix of `session`, to and from a file (docs/formats/session.md). Saving
  // returns how many tokens it holds and is crash-safe: the file is old or new, never half. What is restored
  // serves prompts that begin with the same tokens and the same pictures.
  virtual Result<int64_t> save_session(const Session& session, const std::string& path) = 0;
  virtual Result<Session> restore_session(const std::string& path) = 0;
  virtual void drop_cached_prefixes() = 0;

 protected:
  Engine() = default;
};

const char* version();  // "0.1.0"

}  // namespace sirocco
