// SPDX-License-Identifier: Apache-2.0
#include "api/response_store.h"

namespace sirocco::api {

size_t ResponseStore::bytes_of(const StoredResponse& response) {
  return response.id.size() + response.body.size() + response.messages.size() + response.input.size();
}

void ResponseStore::drop(std::list<Entry>::iterator entry) {
  bytes_ -= bytes_of(entry->response);
  by_id_.erase(entry->response.id);
  entries_.erase(entry);
}

void ResponseStore::expire(Clock::time_point now) {
  while (!entries_.empty() && (entries_.size() > limits_.count || bytes_ > limits_.bytes ||
                               now - entries_.front().stored_at > limits_.age)) {
    drop(entries_.begin());
  }
}

void ResponseStore::put(StoredResponse response, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (const auto old = by_id_.find(response.id); old != by_id_.end()) drop(old->second);
  bytes_ += bytes_of(response);
  entries_.push_back({std::move(response), now});
  by_id_[entries_.back().response.id] = std::prev(entries_.end());
  expire(now);
}

std::optional<StoredResponse> ResponseStore::get(const std::string& id, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  expire(now);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second->response;
}

bool ResponseStore::erase(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return false;
  drop(found->second);
  return true;
}

size_t ResponseStore::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace sirocco::api
