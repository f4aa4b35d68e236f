// SPDX-License-Identifier: Apache-2.0
// PictureCache: the rows of pictures that were encoded, by content hash, for requests to come. Bounded in bytes; the
// one that was not asked for the longest goes first. Thread-safe: requests look while the engine's thread adds.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "picture/content_hash.h"
#include "text/prompt.h"

namespace sirocco {

class PictureCache {
 public:
  using Rows = std::shared_ptr<const std::vector<float>>;  // [n, D]
  struct Entry {
    ContentHash content_hash = {};
    PictureGrid grid;
    Rows rows;
  };

  explicit PictureCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<Entry> find(const ContentHash& content_hash) {
    const std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(content_hash);
    if (found == by_hash_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }

  void add(Entry entry) {
    const std::lock_guard lock(mutex_);
    if (by_hash_.contains(entry.content_hash)) return;
    bytes_ += bytes_of(entry);
    entries_.push_front(std::move(entry));
    by_hash_[entries_.front().content_hash] = entries_.begin();
    while (bytes_ > max_bytes_) {
      bytes_ -= bytes_of(entries_.back());
      by_hash_.erase(entries_.back().content_hash);
      entries_.pop_back();
    }
  }

  int64_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  static int64_t bytes_of(const Entry& entry) {
    return static_cast<int64_t>(entry.rows->size() * sizeof(float));
  }

  const int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // latest use first
  std::map<ContentHash, std::list<Entry>::iterator> by_hash_;
  int64_t bytes_ = 0;
};

}  // namespace sirocco
