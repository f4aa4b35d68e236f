// SPDX-License-Identifier: Apache-2.0
#include "api/reply.h"

#include <algorithm>
#include <random>

namespace sirocco::api {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

Reply::Reply(const std::vector<int64_t>& prompt_tokens, size_t choices_per_prompt)
    : choices(prompt_tokens.size() * choices_per_prompt) {
  for (const int64_t tokens : prompt_tokens) prompts.push_back({.total_tokens = tokens});
}

void Reply::add(const Event& event, Clock::time_point now) {
  const auto at = static_cast<size_t>(event.choice);
  ChoiceReply& choice = choices[at];
  if (const auto* seen = std::get_if<PromptProgress>(&event.what)) {
    prompts[prompt_of(at)] = *seen;
  } else if (const auto* end = std::get_if<Finish>(&event.what)) {
    choice.finish = *end;
  } else {
    const Delta& delta = std::get<Delta>(event.what);
    if (!choice.first_delta) choice.first_delta = now;
    choice.last_delta = now;
    choice.broke_line |= delta.content.find('\n') != std::string::npos;
    choice.content += delta.content;
    choice.reasoning += delta.reasoning;
    append(choice.tokens, delta.tokens);
    append(choice.logprobs, delta.logprobs);
    append(choice.prompt_logprobs, delta.prompt_logprobs);
    for (const ToolCallDelta& call : delta.tool_calls) {
      const auto index = static_cast<size_t>(call.index);
      while (choice.tool_calls.size() <= index) choice.tool_calls.push_back({.id = random_id(9)});
      choice.tool_calls[index].name += call.name;
      choice.tool_calls[index].arguments += call.arguments;
    }
  }
}

bool Reply::finished() const {
  return std::all_of(choices.begin(), choices.end(),
                     [](const auto& choice) { return choice.finish.has_value(); });
}

Usage Reply::usage_of(size_t index) const {
  const ChoiceReply& choice = choices[index];
  if (choice.finish) return choice.finish->usage;
  const PromptProgress& prompt = prompts[prompt_of(index)];
  return {.prompt_tokens = prompt.total_tokens,
          .cached_tokens = prompt.cached_tokens,
          .completion_tokens = std::ssize(choice.tokens)};
}

Timings Reply::timings_of(size_t index) const {
  const ChoiceReply& choice = choices[index];
  if (choice.finish) return choice.finish->timings;
  const PromptProgress& prompt = prompts[prompt_of(index)];
  Timings timings;
  timings.prompt_tokens = std::max<int64_t>(prompt.done_tokens - prompt.cached_tokens, 0);
  timings.prompt_ms = prompt.elapsed_ms;
  timings.predicted_tokens = std::ssize(choice.tokens);
  if (choice.first_delta) {
    timings.predicted_ms =
        std::chrono::duration<double, std::milli>(*choice.last_delta - *choice.first_delta).count();
  }
  return timings;
}

Usage Reply::usage(size_t per_prompt) const {
  Usage sum;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (!choices[i].finish) continue;
    const Usage& usage = choices[i].finish->usage;
    if (i % per_prompt == 0) {
      sum.prompt_tokens += usage.prompt_tokens;
      sum.cached_tokens += usage.cached_tokens;
    }
    sum.completion_tokens += usage.completion_tokens;
    sum.reasoning_tokens += usage.reasoning_tokens;
  }
  return sum;
}

const Finish* Reply::failure() const {
  for (const ChoiceReply& choice : choices) {
    if (!choice.finish) continue;
    const FinishReason reason = choice.finish->reason;
    if (reason == FinishReason::error || reason == FinishReason::cancelled) return &*choice.finish;
  }
  return nullptr;
}

std::string random_id(size_t length) {
  static constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  thread_local std::mt19937_64 generator{(uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  std::uniform_int_distribution<size_t> pick(0, sizeof kLetters - 2);
  std::string id;
  for (size_t i = 0; i < length; ++i) id += kLetters[pick(generator)];
  return id;
}

}  // namespace sirocco::api
