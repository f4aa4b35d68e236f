// SPDX-License-Identifier: Apache-2.0
// ResponseStore: answers of /v1/responses that clients may refer to later, with the conversation that led to
// them. Bounded in count, bytes and age; the oldest go first. What has gone is as if it had never been: 404.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace sirocco::api {

struct ResponseStoreLimits {
  size_t count = 1024;
  size_t bytes = 256u << 20;
  std::chrono::seconds age{24 * 3600};
};

struct StoredResponse {
  std::string id = {};
  std::string body;      // the response object, as JSON text
  std::string messages;  // the conversation up to and with this answer, as chat messages (JSON text)
  std::string input;     // input items of this turn, as JSON text
};

class ResponseStore {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ResponseStore(ResponseStoreLimits limits) : limits_(limits) {}

  void put(StoredResponse response, Clock::time_point now = Clock::now());
  std::optional<StoredResponse> get(const std::string& id, Clock::time_point now = Clock::now());
  bool erase(const std::string& id);
  size_t count() const;

 private:
  struct Entry {
    StoredResponse response;
    Clock::time_point stored_at;
  };
  static size_t bytes_of(const StoredResponse& response);
  void drop(std::list<Entry>::iterator entry);  // REQUIRES: locked
  void expire(Clock::time_point now);           // REQUIRES: locked

  const ResponseStoreLimits limits_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // oldest first; all below guarded by mutex_
  std::unordered_map<std::string, std::list<Entry>::iterator> by_id_;
  size_t bytes_ = 0;
};

}  // namespace sirocco::api
