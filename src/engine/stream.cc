// SPDX-License-Identifier: Apache-2.0
#include "sirocco/stream.h"

#include <utility>

#include "engine/stream_state.h"

namespace sirocco {

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this == &other) return *this;
  let_go();
  state_ = std::move(other.state_);
  return *this;
}

Stream::~Stream() {
  let_go();
}

// The engine may go on adding to the state, but nobody is called any more.
void Stream::let_go() {
  if (!state_) return;
  state_->on_ready({});
  state_->cancel();
}

std::optional<Event> Stream::next() {
  return state_ ? state_->next() : std::nullopt;
}
std::optional<Event> Stream::next_within(std::chrono::milliseconds wait) {
  return state_ ? state_->next_within(wait) : std::nullopt;
}
std::optional<Event> Stream::try_next() {
  return state_ ? state_->try_next() : std::nullopt;
}
bool Stream::ended() const {
  return !state_ || state_->ended();
}
void Stream::on_ready(std::function<void()> ready) {
  if (state_) state_->on_ready(std::move(ready));
}
void Stream::cancel() {
  if (state_) state_->cancel();
}

}  // namespace sirocco
