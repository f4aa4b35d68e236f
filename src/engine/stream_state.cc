// SPDX-License-Identifier: Apache-2.0
#include "engine/stream_state.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sirocco {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void merge_delta(Delta& to, Delta&& from) {
  append(to.tokens, std::move(from.tokens));
  to.content += from.content;
  to.reasoning += from.reasoning;
  append(to.logprobs, std::move(from.logprobs));
  append(to.prompt_logprobs, std::move(from.prompt_logprobs));
  for (ToolCallDelta& call : from.tool_calls) {
    if (call.name.empty() && !to.tool_calls.empty() && to.tool_calls.back().index == call.index)
      to.tool_calls.back().arguments += call.arguments;
    else
      to.tool_calls.push_back(std::move(call));
  }
}

}  // namespace

StreamState::StreamState(int choices) : unfinished_(choices) {}

bool StreamState::merge(Event& event) {
  const auto newest = std::find_if(events_.rbegin(), events_.rend(),
                                   [&](const Event& waiting) { return waiting.choice == event.choice; });
  if (newest == events_.rend() || newest->what.index() != event.what.index()) return false;
  Event& waiting = *newest;
  if (auto* delta = std::get_if<Delta>(&waiting.what)) {
    merge_delta(*delta, std::move(std::get<Delta>(event.what)));
    return true;
  }
  if (std::holds_alternative<PromptProgress>(waiting.what)) {
    waiting = std::move(event);
    return true;
  }
  return false;
}

void StreamState::add(Event event) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = events_.empty();
    if (std::holds_alternative<Finish>(event.what)) --unfinished_;
    if (!merge(event)) events_.push_back(std::move(event));
  }
  if (!was_empty) return;
  arrived_.notify_one();
  const std::lock_guard lock(ready_mutex_);
  if (ready_) ready_();
}

std::optional<Event> StreamState::take() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Event> StreamState::next() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return !events_.empty() || nothing_more(); });
  return take();
}

std::optional<Event> StreamState::next_within(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  arrived_.wait_for(lock, wait, [&] { return !events_.empty() || nothing_more(); });
  return take();
}

std::optional<Event> StreamState::try_next() {
  const std::lock_guard lock(mutex_);
  return take();
}

bool StreamState::ended() const {
  const std::lock_guard lock(mutex_);
  return nothing_more();
}

void StreamState::on_ready(std::function<void()> ready) {
  const std::lock_guard lock(ready_mutex_);
  ready_ = std::move(ready);  // before looking: an event in between is announced twice rather than never
  bool waiting = false;
  {
    const std::lock_guard events(mutex_);
    waiting = !events_.empty();
  }
  if (waiting && ready_) ready_();
}

}  // namespace sirocco
