// SPDX-License-Identifier: Apache-2.0
#include "api/slots.h"

namespace sirocco::api {

void Slots::resize(size_t count) {
  const std::lock_guard lock(mutex_);
  slots_.resize(count);
}

size_t Slots::count() const {
  const std::lock_guard lock(mutex_);
  return slots_.size();
}

int Slots::acquire(int wanted, SlotTask task) {
  const std::lock_guard lock(mutex_);
  int slot = wanted >= 0 && wanted < static_cast<int>(slots_.size()) && !slots_[wanted].busy ? wanted : -1;
  for (int i = 0; slot < 0 && i < static_cast<int>(slots_.size()); ++i) {
    if (!slots_[i].busy) slot = i;
  }
  if (slot < 0) return -1;
  SlotState& state = slots_[slot];
  state.busy = true;
  state.number = tasks_++;
  state.task = std::move(task);
  state.progress = {};
  return slot;
}

void Slots::advance(int slot, const SlotProgress& progress) {
  const std::lock_guard lock(mutex_);
  slots_[slot].progress = progress;
}

void Slots::release(int slot, Session session) {
  const std::lock_guard lock(mutex_);
  SlotState& state = slots_[slot];
  state.busy = false;
  state.session = std::move(session);
}

bool Slots::set_session(int slot, Session session) {
  const std::lock_guard lock(mutex_);
  if (slot < 0 || slot >= static_cast<int>(slots_.size())) return false;
  slots_[slot].session = std::move(session);
  return true;
}

std::vector<SlotState> Slots::snapshot() const {
  const std::lock_guard lock(mutex_);
  return slots_;
}

}  // namespace sirocco::api
