// SPDX-License-Identifier: Apache-2.0
#include "engine/live_request.h"

#include <algorithm>

#include "sample/random.h"

namespace sirocco {

Choice::Choice(const GenerateRequest& request, const Tokenizer& tokenizer, int choice_index)
    : index(choice_index),
      sampler(request.sampling, static_cast<uint64_t>(choice_index)),
      reply(tokenizer, {request.format, request.inside_thinking, request.keep_special}) {}

void Choice::begin(const GenerateRequest& request) {
  if (request.mask) mask = request.mask->clone();
  sampler.see_prompt(request.prompt);
  stops = StopMatcher(request.stop, request.include_stop);
}

bool LiveRequest::finished() const {
  return std::ranges::all_of(choices, [](const Choice& choice) { return choice.finished; });
}

int32_t LiveRequest::token_at(const Choice& choice, int64_t position) const {
  const auto prompt_tokens = static_cast<int64_t>(request.prompt.size());
  if (position < prompt_tokens) return request.prompt[static_cast<size_t>(position)];
  return choice.answer[static_cast<size_t>(position - prompt_tokens)];
}

namespace {

constexpr CacheKey kNotAToken = CacheKey{1} << 63;  // token ids are below 2^31

}  // namespace

std::vector<CacheKey> session_keys(const Session& session, const KeyedHash& picture_key) {
  std::vector<CacheKey> keys(session.ids.begin(), session.ids.end());
  for (const PicturePlace& picture : session.pictures) {
    const uint64_t key = picture_key(picture.content_hash);
    for (int64_t i = 0; i < picture.tokens; ++i)
      keys[static_cast<size_t>(picture.first_token + i)] = mix64(key + static_cast<uint64_t>(i)) | kNotAToken;
  }
  return keys;
}

std::vector<CacheKey> prompt_keys(const GenerateRequest& request, const KeyedHash& picture_key, uint64_t nonce) {
  std::vector<CacheKey> keys = session_keys(session_of(request), picture_key);
  if (!request.cache_salt.empty() || nonce != 0) {
    uint64_t hash = mix64(nonce);
    for (const char c : request.cache_salt) hash = mix64(hash ^ static_cast<unsigned char>(c));
    keys[0] = mix64(hash ^ keys[0]) | kNotAToken;
  }
  return keys;
}

}  // namespace sirocco
