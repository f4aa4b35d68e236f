// SPDX-License-Identifier: Apache-2.0
// EngineLoop's third verb: what a step computed becomes tokens, events and freed pages.
#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/engine_loop.h"
#include "sample/logprobs.h"

namespace sirocco {

std::span<const float> EngineLoop::logits_row(const StepOutput& output, int64_t row) const {
  // A model may have more rows in its head than the tokenizer has tokens; those are never sampled.
  const int64_t width = std::min(output.logits.cols, options_.request_limits.vocabulary);
  return {output.logits.row(row), static_cast<size_t>(width)};
}

void EngineLoop::commit(const Plan& plan, const StepOutput& output, double step_seconds) {
  if (!plan.items.empty()) {
    scheduler_.commit(plan, step_seconds);
    totals_.shared_experts += output.cost.shared_experts;
    totals_.experts_read += output.cost.experts_read;
    const double now = now_s();
    std::vector<Taken> taken;
    for (size_t i = 0; i < plan.items.size(); ++i)
      if (auto next = commit_item(plan.items[i], i, output, now)) taken.push_back(std::move(*next));
    take_tokens(taken);
    for (Taken& each : taken) publish(each, now);
    forget_finished();
  }
  publish_stats(&plan);
}

std::optional<EngineLoop::Taken> EngineLoop::commit_item(const PlanItem& item, size_t number,
                                                         const StepOutput& output, double now_s) {
  const auto found = owners_.find(item.id);
  if (found == owners_.end()) return std::nullopt;  // finished by an earlier item of this step
  const Owner owner = found->second;
  LiveRequest& live = *owner.request;
  Choice& choice = owner.of();
  const bool first = choice.answer.empty();
  const uint64_t step_bytes = output.cost.weight_bytes + output.cost.cache_bytes;
  (first ? choice.timings.prompt_bytes : choice.timings.predicted_bytes) += step_bytes;
  if (first) note_prompt(item, live, number, output, now_s);
  if (!item.completes) return std::nullopt;
  if (live.request.max_tokens == 0) {  // the prompt was all that was asked for
    Delta delta;
    delta.prompt_logprobs = std::move(live.prompt_logprobs);
    finish(owner, {FinishReason::length, {}, -1, {}}, std::move(delta));
    finish_all(live, FinishReason::length);
    return std::nullopt;
  }
  const auto logits = logits_row(output, batch_.first_logit_row(number) + batch_.logit_rows(number) - 1);
  if (first) choice.begin(live.request);
  return Taken{owner, logits, first, {}, {}};
}

void EngineLoop::note_prompt(const PlanItem& item, LiveRequest& live, size_t number, const StepOutput& output,
                             double now_s) {
  const int64_t done = item.first_token + item.tokens;
  const auto prompt_tokens = static_cast<int64_t>(live.request.prompt.size());
  if (live.request.prompt_logprobs >= 0)
    for (int64_t i = 0; i < item.tokens; ++i) {
      const int64_t predicted = item.first_token + i + 1;  // the row of a token speaks of the next one
      if (predicted >= prompt_tokens || predicted != static_cast<int64_t>(live.prompt_logprobs.size()) + 1)
        continue;
      live.prompt_logprobs.push_back(log_probabilities(logits_row(output, batch_.first_logit_row(number) + i),
                                                       live.request.prompt[static_cast<size_t>(predicted)],
                                                       live.request.prompt_logprobs));
    }
  if (done <= live.prompt_done_tokens) return;  // computed again after a preemption
  live.prompt_done_tokens = done;
  if (!live.request.report_progress) return;
  live.stream->add(
      {0, PromptProgress{prompt_tokens, live.cached_tokens, done, 1e3 * (now_s - live.started_s)}});
}

void EngineLoop::take_tokens(std::vector<Taken>& taken) {
  model_.for_each(std::ssize(taken), [&](int64_t i) {
    Taken& t = taken[static_cast<size_t>(i)];
    t.ending = answering_.take_token(*t.owner.request, t.owner.of(), t.logits, t.delta);
  });
}

void EngineLoop::start_other_choices(LiveRequest& live, std::span<const float> logits, double now_s) {
  std::vector<Taken> others;
  for (size_t i = 1; i < live.choices.size(); ++i) {
    live.choices[i].timings.prompt_bytes = live.choices[0].timings.prompt_bytes;
    live.choices[i].begin(live.request);
    others.push_back({{&live, static_cast<int>(i)}, logits, true, {}, {}});
  }
  take_tokens(others);
  for (Taken& other : others) {
    publish(other, now_s);
    if (Choice& choice = other.owner.of(); !choice.finished) schedule_choice(live, choice);
  }
}

void EngineLoop::publish(Taken& taken, double now_s) {
  LiveRequest& live = *taken.owner.request;
  Choice& choice = taken.owner.of();
  if (taken.first) choice.first_token_s = now_s;
  choice.last_token_s = now_s;
  if (taken.first && choice.index == 0) {
    start_other_choices(live, taken.logits, now_s);
    taken.delta.prompt_logprobs = std::move(live.prompt_logprobs);
  }
  if (taken.ending) return finish(taken.owner, std::move(*taken.ending), std::move(taken.delta));
  if (const auto limit = live.request.answer_timeout; limit && choice.broke_line)
    if (now_s - choice.first_token_s > std::chrono::duration<double>(*limit).count())
      return finish(taken.owner, {FinishReason::timeout, {}, -1, {}}, std::move(taken.delta));
  live.stream->add({choice.index, std::move(taken.delta)});
  if (choice.scheduled) scheduler_.append(choice.sequence, static_cast<CacheKey>(choice.answer.back()));
}

}  // namespace sirocco
