// SPDX-License-Identifier: Apache-2.0
// StreamState: what a Stream and the engine share: a queue of events, one lock. The engine adds, one reader
// takes. Deltas that wait are merged, so that a reader who never comes costs memory for the text alone.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "sirocco/event.h"

namespace sirocco {

class StreamState {
 public:
  explicit StreamState(int choices);

  // The engine's side.
  void add(Event event);
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // The reader's side; see Stream.
  std::optional<Event> next();
  std::optional<Event> next_within(std::chrono::milliseconds wait);
  std::optional<Event> try_next();
  bool ended() const;
  void on_ready(std::function<void()> ready);
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  bool merge(Event& event);  // into one that waits; REQUIRES: locked
  std::optional<Event> take();
  bool nothing_more() const { return events_.empty() && unfinished_ == 0; }

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> events_;  // at most three of a choice: progress, a delta and the end
  int unfinished_;            // choices without a Finish
  std::mutex ready_mutex_;    // held while ready_ runs, so that replacing it is safe
  std::function<void()> ready_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace sirocco
