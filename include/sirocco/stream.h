// SPDX-License-Identifier: Apache-2.0
// Stream: the reader's end of one request. Any one thread may read at a time; cancel() may come from any.
// Destroying a stream cancels what still runs: the sequence costs nothing after the step in progress.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "sirocco/event.h"

namespace sirocco {

class StreamState;  // src/engine/stream_state.h

class Stream {
 public:
  Stream() = default;
  explicit Stream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  // Waits for an event. Nothing once every choice has finished and all was read.
  std::optional<Event> next();
  // Waits no longer than `wait`; tell "nothing yet" from "ended" with ended().
  std::optional<Event> next_within(std::chrono::milliseconds wait);
  std::optional<Event> try_next();
  bool ended() const;  // every choice has finished and all was read

  // Calls `ready` whenever events arrive while none were waiting (at once if some wait now). It runs on the
  // engine's thread and must only post a wake-up; a later call replaces it, {} removes it.
  void on_ready(std::function<void()> ready);

  void cancel();

 private:
  void let_go();

  std::shared_ptr<StreamState> state_;
};

}  // namespace sirocco
