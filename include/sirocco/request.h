// SPDX-License-Identifier: Apache-2.0
// GenerateRequest: plain data that says what to generate. Engine::chat_request makes one from OpenAI chat
// JSON; fill it by hand for token-in/token-out. Engine::submit checks it and names the field that is wrong.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sirocco/sampling.h"
#include "sirocco/token_mask.h"

namespace sirocco {

enum class ReplyFormat {
  chat,  // thinking, content and tool calls are told apart; markers never show up in them
  text,  // all tokens are text; markers are dropped unless keep_special
};

// What the vision encoder reads of a picture: resized to whole patches and normalised.
struct PicturePixels {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<float> values;  // [3, height, width]
};

// Where a picture stands: its placeholder ids are those in [first_token, first_token + tokens).
struct PicturePlace {
  int64_t first_token = 0;
  int64_t tokens = 0;
  // SHA-256 of its file: the prefix cache and that of the rows take pictures of one hash for the same.
  std::array<uint8_t, 32> content_hash = {};
  bool operator==(const PicturePlace&) const = default;
};

// A picture inside the prompt. The rows replace, in order, the embeddings of those of its placeholders that equal
// the image token. They are given, or the engine computes them from the pixels.
struct PromptPicture : PicturePlace {
  std::shared_ptr<const std::vector<float>> rows;  // [n, D]
  std::shared_ptr<const PicturePixels> pixels;
};

struct GenerateRequest {
  std::vector<int32_t> prompt;  // token ids, begin-of-text included; not empty
  std::vector<PromptPicture> pictures;
  ReplyFormat format = ReplyFormat::chat;
  bool inside_thinking = false;  // the prompt ends in an open thinking block
  bool keep_special = false;     // ReplyFormat::text: spell control tokens out

  SamplingOptions sampling;
  int64_t max_tokens = -1;        // -1: until the context is full; 0: the prompt alone, into the cache
  int64_t min_tokens = 0;         // no end-of-text and no stop token before
  int64_t thinking_tokens = -1;   // budget; at its end the thinking block is closed. -1: none
  bool ignore_end = false;        // never sample end-of-text
  std::vector<std::string> stop;  // strings, matched in content (ReplyFormat::text: in all text)
  bool include_stop = false;      // keep the stop string in the text
  std::vector<int32_t> stop_tokens;
  std::vector<int32_t> allowed_tokens;          // unless empty: nothing else is ever sampled
  std::vector<std::vector<int32_t>> bad_words;  // token sequences that never occur in an answer
  int choices = 1;                              // n; the prompt is computed once
  int logprobs = -1;                            // -1: none; k >= 0: of the chosen token and the k most likely
  int prompt_logprobs = -1;                     // the same for every prompt token but the first
  std::shared_ptr<const TokenMask> mask;        // cloned for each choice; null: none

  int priority = 0;                                  // -20 to 20, smaller runs earlier
  std::optional<std::chrono::milliseconds> timeout;  // from submit(); then FinishReason::timeout
  // From the first token, once the answer has a line break; then FinishReason::timeout.
  std::optional<std::chrono::milliseconds> answer_timeout;
  bool use_prefix_cache = true;
  std::string cache_salt;        // requests share cached prefixes only within the same salt
  bool report_progress = false;  // PromptProgress events
  std::string id;                // for logs
};

// What the cache knows a conversation by: its tokens, and which pictures stand in for some of them.
struct Session {
  std::vector<int32_t> ids;
  std::vector<PicturePlace> pictures;  // in order
};

inline Session session_of(const GenerateRequest& request) {  // its prompt
  return {request.prompt, {request.pictures.begin(), request.pictures.end()}};
}

}  // namespace sirocco
