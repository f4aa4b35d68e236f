// SPDX-License-Identifier: Apache-2.0
#include "engine/check_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "sample/sampler.h"

namespace sirocco {
namespace {

Result<void> check_pixels(const PicturePixels& p, int64_t rows, const RequestLimits& limits) {
  if (!limits.sees) return fail(ErrorKind::unsupported, "pictures: the model has no vision part");
  const int64_t side = limits.picture_side, most = int64_t{1} << 20;
  const bool whole = p.width >= side && p.height >= side && p.width <= most && p.height <= most &&
                     p.width % side == 0 && p.height % side == 0;
  if (!whole || (p.width / side) * (p.height / side) != rows ||
      static_cast<int64_t>(p.values.size()) != 3 * p.width * p.height)
    return bad_input(fmt::format(
        "pictures: {} numbers of {} × {} pixels for {} placeholders, expected 3 a pixel and squares of {} pixels",
        p.values.size(), p.width, p.height, rows, side));
  return {};
}

Result<void> check_pictures(const GenerateRequest& r, const RequestLimits& limits) {
  if (!r.pictures.empty() && limits.image_token < 0)
    return fail(ErrorKind::unsupported, "pictures: the model has no vision part");
  const auto prompt_tokens = static_cast<int64_t>(r.prompt.size());
  int64_t after = 0;
  for (const PromptPicture& p : r.pictures) {
    if (p.first_token < after || p.tokens < 1 || p.tokens > prompt_tokens ||
        p.first_token > prompt_tokens - p.tokens)
      return bad_input(
          fmt::format("pictures: {} tokens at {}, expected to lie in order within the {} of the prompt",
                      p.tokens, p.first_token, prompt_tokens));
    after = p.first_token + p.tokens;
    const auto begin = r.prompt.begin() + p.first_token;
    const int64_t rows = std::count(begin, begin + p.tokens, limits.image_token);
    if (rows == 0 || (!p.pixels && !p.rows))
      return bad_input(fmt::format("pictures: {} placeholders, {}, expected some and what stands in for them", rows,
                                   p.pixels || p.rows ? "a picture" : "neither pixels nor rows"));
    if (p.pixels) {
      if (auto ok = check_pixels(*p.pixels, rows, limits); !ok) return ok;
      if (!p.rows) continue;
    }
    const int64_t numbers = p.rows ? static_cast<int64_t>(p.rows->size()) : 0;
    if (numbers != rows * limits.hidden)
      return bad_input(fmt::format("pictures: {} numbers for {} placeholders, expected {} each", numbers,
                                   rows, limits.hidden));
  }
  return {};
}

// What a request may make every token, or every choice, pay for.
Result<void> check_lists(const GenerateRequest& r, int64_t vocabulary) {
  constexpr size_t kMostStops = 256, kMostStopBytes = 16384, kMostBreakerTokens = 1024;
  const auto at_most = [](const char* field, size_t count, const char* what, size_t most) -> Result<void> {
    if (count <= most) return {};
    return bad_input(fmt::format("{}: {} {}, expected at most {}", field, count, what, most));
  };
  size_t stop_bytes = 0, bad_tokens = 0, breaker_tokens = 0;
  for (const auto& breaker : r.sampling.dry.breakers) breaker_tokens += breaker.size();
  for (const std::string& stop : r.stop) stop_bytes += stop.size();
  for (const auto& words : r.bad_words) bad_tokens += words.size();
  const auto tokens = static_cast<size_t>(vocabulary);
  Result<void> ok = at_most("stop", r.stop.size(), "strings", kMostStops);
  if (ok) ok = at_most("stop", stop_bytes, "bytes", kMostStopBytes);
  if (ok) ok = at_most("stop_token_ids", r.stop_tokens.size(), "tokens", tokens);
  if (ok) ok = at_most("allowed_token_ids", r.allowed_tokens.size(), "tokens", tokens);
  if (ok) ok = at_most("bad_words", bad_tokens, "tokens", tokens);
  if (ok) ok = at_most("dry_sequence_breakers", breaker_tokens, "tokens", kMostBreakerTokens);
  if (ok) ok = at_most("logit_bias", r.sampling.logit_bias.size(), "tokens", tokens);
  return ok;
}

}  // namespace

Result<void> check_request(const GenerateRequest& r, const RequestLimits& limits) {
  const int64_t vocabulary = limits.vocabulary, context_tokens = limits.context_tokens;
  const auto prompt_tokens = static_cast<int64_t>(r.prompt.size());
  const auto token_ok = [&](int32_t token) { return token >= 0 && token < vocabulary; };
  if (r.prompt.empty()) return bad_input("prompt: empty, expected at least one token");
  if (prompt_tokens >= context_tokens)
    return bad_input(fmt::format("prompt: {} tokens, expected fewer than the context of {}", prompt_tokens,
                                 context_tokens));
  for (const int32_t token : r.prompt)
    if (!token_ok(token))
      return bad_input(fmt::format("prompt: token {}, expected 0 to {}", token, vocabulary - 1));
  for (const int32_t token : r.stop_tokens)
    if (!token_ok(token))
      return bad_input(fmt::format("stop_token_ids: token {}, expected 0 to {}", token, vocabulary - 1));
  for (const int32_t token : r.allowed_tokens)
    if (!token_ok(token))
      return bad_input(fmt::format("allowed_token_ids: token {}, expected 0 to {}", token, vocabulary - 1));
  if (r.max_tokens < -1) return bad_input(fmt::format("max_tokens: {}, expected at least 0", r.max_tokens));
  if (r.min_tokens < 0) return bad_input(fmt::format("min_tokens: {}, expected at least 0", r.min_tokens));
  if (r.max_tokens > 0 && r.min_tokens > r.max_tokens)
    return bad_input(
        fmt::format("min_tokens: {}, expected at most max_tokens {}", r.min_tokens, r.max_tokens));
  if (r.choices < 1 || r.choices > 128) return bad_input(fmt::format("n: {}, expected 1 to 128", r.choices));
  if (r.logprobs > 100) return bad_input(fmt::format("logprobs: {}, expected at most 100", r.logprobs));
  if (r.prompt_logprobs > 100)
    return bad_input(fmt::format("prompt_logprobs: {}, expected at most 100", r.prompt_logprobs));
  if (auto ok = check_lists(r, vocabulary); !ok) return ok;
  if (auto ok = check_pictures(r, limits); !ok) return ok;
  return check_sampling(r.sampling, vocabulary);
}

}  // namespace sirocco
