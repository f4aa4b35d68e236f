// SPDX-License-Identifier: Apache-2.0
#include "engine/answering.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/cpu_clock.h"
#include "sample/logprobs.h"
#include "sample/token_mask.h"

namespace sirocco {

Answering::Answering(const Tokenizer& tokenizer, int64_t context_tokens)
    : context_tokens_(context_tokens),
      end_(tokenizer.eos_id()),
      think_(tokenizer.special_id("[THINK]").value_or(-1)),
      end_think_(tokenizer.special_id("[/THINK]").value_or(-1)) {}

namespace {

// What the mask of a choice may cost. A thirtieth of it is usual, but a grammar that reads the same text in many ways,
// such as nested counted repetitions, costs more with every character, and all requests wait for it.
constexpr double kMaskSeconds = 0.5, kMaskSecondsAToken = 0.005;

class MaskClock {  // adds the time of its life
 public:
  explicit MaskClock(Choice& choice) : choice_(choice), begin_s_(thread_cpu_seconds()) {}
  MaskClock(const MaskClock&) = delete;
  MaskClock& operator=(const MaskClock&) = delete;
  ~MaskClock() { choice_.mask_s += thread_cpu_seconds() - begin_s_; }

 private:
  Choice& choice_;
  const double begin_s_;
};

bool mask_accepts(Choice& choice, int32_t token) {
  if (!choice.mask) return true;
  const MaskClock clock(choice);
  return choice.mask->accept(token);
}

// Whether the answer ends in all of `words` but the last.
bool about_to_say(const std::vector<int32_t>& answer, const std::vector<int32_t>& words) {
  const size_t lead = words.size() - 1;
  return answer.size() >= lead && std::equal(words.begin(), words.end() - 1, answer.end() - lead);
}

}  // namespace

// Bits of the tokens that the request allows; empty: all.
std::vector<uint32_t> Answering::allowed_tokens(const GenerateRequest& request, Choice& choice,
                                                size_t vocabulary) const {
  std::vector<uint32_t> allowed;
  if (choice.mask) {
    const MaskClock clock(choice);
    allowed.assign(mask_words(vocabulary), 0);
    if (!choice.mask->fill(allowed)) allowed.clear();
  }
  if (request.allowed_tokens.empty()) return allowed;
  std::vector<uint32_t> listed(mask_words(vocabulary), 0);
  for (const int32_t token : request.allowed_tokens) allow(listed, token);
  for (size_t i = 0; i < allowed.size(); ++i) listed[i] &= allowed[i];
  return listed;
}

bool Answering::must_stop_thinking(const GenerateRequest& request, const Choice& choice) const {
  return end_think_ >= 0 && request.format == ReplyFormat::chat && request.thinking_tokens >= 0 &&
         choice.reply.part() == ReplyParser::Part::reasoning &&
         choice.reply.reasoning_tokens() >= request.thinking_tokens;
}

std::optional<int32_t> Answering::pick(const GenerateRequest& request, Choice& choice,
                                       std::span<const float> logits) const {
  std::vector<int32_t> banned;
  const bool too_short = static_cast<int64_t>(choice.answer.size()) < request.min_tokens;
  if (request.ignore_end || too_short) banned.push_back(end_);
  if (too_short) banned.insert(banned.end(), request.stop_tokens.begin(), request.stop_tokens.end());
  if (request.thinking_tokens == 0) banned.push_back(think_);

  for (const auto& words : request.bad_words)
    if (!words.empty() && about_to_say(choice.answer, words)) banned.push_back(words.back());

  const std::vector<uint32_t> allowed = allowed_tokens(request, choice, logits.size());
  if (must_stop_thinking(request, choice) && (allowed.empty() || is_allowed(allowed, end_think_))) return end_think_;
  return choice.sampler.pick(logits, {banned, allowed});
}

void Answering::say(const GenerateRequest& request, Choice& choice, ReplyDelta&& said, Delta& out) const {
  choice.broke_line |= said.content.find('\n') != std::string::npos;
  out.reasoning += said.reasoning;
  if (static_cast<int64_t>(choice.answer.size()) <= request.min_tokens)
    out.content += said.content;  // too early to stop
  else
    choice.stops.push(said.content, out.content);
  if (said.tool_calls.empty()) return;
  choice.stops.flush(out.content);  // what was held back came before the call
  out.tool_calls.insert(out.tool_calls.end(), std::make_move_iterator(said.tool_calls.begin()),
                        std::make_move_iterator(said.tool_calls.end()));
}

std::optional<Finish> Answering::take_token(const LiveRequest& live, Choice& choice, std::span<const float> logits,
                                            Delta& out) const {
  const auto ending = try_token(live, choice, logits, out);
  if (ending) choice.logits_hash = hash_of_row(logits);
  return ending;
}

std::optional<Finish> Answering::try_token(const LiveRequest& live, Choice& choice, std::span<const float> logits,
                                           Delta& out) const {
  const GenerateRequest& request = live.request;
  const auto token = pick(request, choice, logits);
  const auto fault = [](const char* what) { return Finish{FinishReason::error, {}, -1, what, true}; };
  if (!token) return fault("the request's constraints leave no token to sample");
  if (choice.mask_s > kMaskSeconds + kMaskSecondsAToken * static_cast<double>(choice.answer.size()))
    return fault("the request's grammar takes too long to follow: it reads the same text in too many ways");
  choice.answer.push_back(*token);
  out.tokens.push_back(*token);
  if (request.logprobs >= 0) {
    out.logprobs.push_back(log_probabilities(logits, *token, request.logprobs));
    out.logprobs.back().in_content = choice.reply.is_content(*token);
  }
  choice.sampler.accept(*token);
  if (!mask_accepts(choice, *token))
    return Finish{FinishReason::error, {}, -1, "the grammar refused a token that it had allowed"};
  ReplyDelta said;
  if (*token == end_ && !request.ignore_end)
    choice.reply.end(said);  // the token itself is no text in any format
  else
    choice.reply.push(*token, said);
  say(request, choice, std::move(said), out);
  return ending_after(live, choice, *token);
}

std::optional<Finish> Answering::ending_after(const LiveRequest& live, const Choice& choice, int32_t token) const {
  const GenerateRequest& request = live.request;
  const FinishReason done =
      choice.reply.tool_call_count() > 0 ? FinishReason::tool_calls : FinishReason::stop;
  if (!choice.stops.matched().empty()) return Finish{FinishReason::stop, choice.stops.matched(), -1, {}};
  if (token == end_ && !request.ignore_end) return Finish{done, {}, -1, {}};
  if (std::ranges::find(request.stop_tokens, token) != request.stop_tokens.end())
    return Finish{FinishReason::stop, {}, token, {}};
  if (choice.mask && choice.mask->finished()) return Finish{done, {}, -1, {}};
  const auto answer_tokens = static_cast<int64_t>(choice.answer.size());
  const auto total_tokens = static_cast<int64_t>(request.prompt.size()) + answer_tokens;
  const bool enough = request.max_tokens > 0 && answer_tokens >= request.max_tokens;
  if (enough || total_tokens >= context_tokens_) return Finish{FinishReason::length, {}, -1, {}};
  return std::nullopt;
}

void Answering::finish(const GenerateRequest& request, Choice& choice, Delta& out) const {
  if (!choice.stops.matched().empty()) return;  // nothing after a stop string
  ReplyDelta rest;
  choice.reply.finish(rest);
  say(request, choice, std::move(rest), out);
  choice.stops.flush(out.content);
}

}  // namespace sirocco
