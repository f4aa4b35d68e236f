// SPDX-License-Identifier: Apache-2.0
#include "cache/page_cache.h"

#include <algorithm>

#include "base/check.h"

namespace sirocco {

PageCache::PageCache(int64_t pages, int32_t page_tokens)
    : page_tokens_(page_tokens), pool_(pages), tree_(pool_, page_tokens) {}

std::optional<int32_t> PageCache::take() {
  auto page = pool_.take();
  if (page || !tree_.evict_oldest()) return page;
  return pool_.take();
}

void PageCache::hold(int32_t page) {
  pool_.hold(page);
  if (auto* node = tree_.node_of(page)) tree_.refresh(*node);
}

void PageCache::release_page(int32_t page) {
  pool_.release(page);
  if (auto* node = tree_.node_of(page)) tree_.refresh(*node);
}

void PageCache::add_copy(int32_t from, int32_t to, int64_t tokens) {
  hold(from);
  copies_.push_back({from, to, static_cast<int32_t>(tokens)});
}

void PageCache::copies_done() {
  for (const PageCopy& copy : copies_) release_page(copy.from);
  copies_.clear();
}

int64_t PageCache::known_prefix(std::span<const CacheKey> keys) {
  int64_t tokens = 0;
  const auto width = static_cast<size_t>(page_tokens_);
  PrefixTree::Node* node = tree_.root();
  while (keys.size() >= width) {
    node = tree_.find_child(*node, keys.first(width));
    if (node == nullptr) break;
    keys = keys.subspan(width);
    tokens += page_tokens_;
  }
  return tokens;
}

int64_t PageCache::match(Lease& lease, std::span<const CacheKey> keys) {
  CHECK(lease.pages_.empty());
  const auto width = static_cast<size_t>(page_tokens_);
  PrefixTree::Node* node = tree_.root();
  while (keys.size() >= width) {
    PrefixTree::Node* child = tree_.find_child(*node, keys.first(width));
    if (child == nullptr) break;
    hold(child->page);
    tree_.touch(*child);
    lease.pages_.push_back(child->page);
    node = child;
    keys = keys.subspan(width);
  }
  lease.published_ = static_cast<int64_t>(lease.pages_.size());
  lease.tail_ = lease.published_ > 0 ? node : nullptr;
  const int64_t whole_tokens = lease.published_ * page_tokens_;

  const auto part = tree_.closest_child(*node, keys.first(std::min(keys.size(), width)));
  if (part.node == nullptr) return whole_tokens;
  tree_.touch(*part.node);
  hold(part.node->page);  // so that take() does not evict it
  const auto copy = take();
  if (copy) {
    add_copy(part.node->page, *copy, part.common_keys);
    lease.pages_.push_back(*copy);
  }
  release_page(part.node->page);
  return whole_tokens + (copy ? part.common_keys : 0);
}

bool PageCache::grow(Lease& lease, int64_t tokens) {
  const int64_t wanted = pages_for(tokens) - static_cast<int64_t>(lease.pages_.size());
  if (wanted > available()) return false;
  for (int64_t i = 0; i < wanted; ++i) {
    const auto page = take();
    CHECK(page.has_value());
    lease.pages_.push_back(*page);
  }
  return true;
}

void PageCache::publish(Lease& lease, std::span<const CacheKey> keys) {
  const auto width = static_cast<size_t>(page_tokens_);
  CHECK(static_cast<int64_t>(keys.size()) <= static_cast<int64_t>(lease.pages_.size()) * page_tokens_);
  while ((static_cast<size_t>(lease.published_) + 1) * width <= keys.size()) {
    const auto page_keys = keys.subspan(static_cast<size_t>(lease.published_) * width, width);
    PrefixTree::Node& parent = lease.tail_ != nullptr ? *lease.tail_ : *tree_.root();
    int32_t& page = lease.pages_[static_cast<size_t>(lease.published_)];
    PrefixTree::Node* known = tree_.find_child(parent, page_keys);
    if (known == nullptr) {
      known = tree_.add_child(parent, page_keys, page);
    } else {
      hold(known->page);
      release_page(page);
      page = known->page;
    }
    lease.tail_ = known;
    ++lease.published_;
  }
}

bool PageCache::rollback(Lease& lease, int64_t tokens) {
  const int64_t keep = pages_for(tokens);
  CHECK(keep <= static_cast<int64_t>(lease.pages_.size()));
  const bool splits_published = keep <= lease.published_ && tokens % page_tokens_ != 0;
  std::optional<int32_t> copy;
  if (splits_published) {
    copy = take();
    if (!copy) return false;
    const int32_t shared = lease.pages_[static_cast<size_t>(keep) - 1];
    add_copy(shared, *copy, tokens % page_tokens_);
    release_page(shared);
    lease.pages_[static_cast<size_t>(keep) - 1] = *copy;
  }
  for (size_t i = lease.pages_.size(); i > static_cast<size_t>(keep); --i) {
    release_page(lease.pages_[i - 1]);
    lease.pages_.pop_back();
  }
  const int64_t whole = tokens / page_tokens_;
  while (lease.published_ > whole) {
    CHECK(lease.tail_ != nullptr);
    lease.tail_ = lease.tail_->parent == tree_.root() ? nullptr : lease.tail_->parent;
    --lease.published_;
  }
  return true;
}

std::optional<Lease> PageCache::fork(Lease& lease, int64_t tokens) {
  const int64_t whole = tokens / page_tokens_;
  CHECK(pages_for(tokens) <= static_cast<int64_t>(lease.pages_.size()));
  CHECK(whole <= lease.published_);  // a shared page must not be written again
  Lease other;
  std::optional<int32_t> tail;
  if (tokens % page_tokens_ != 0) {
    tail = take();
    if (!tail) return std::nullopt;
    add_copy(lease.pages_[static_cast<size_t>(whole)], *tail, tokens % page_tokens_);
  }
  for (int64_t i = 0; i < whole; ++i) {
    other.pages_.push_back(lease.pages_[static_cast<size_t>(i)]);
    hold(other.pages_.back());
  }
  if (tail) other.pages_.push_back(*tail);
  other.published_ = whole;
  if (whole > 0) other.tail_ = tree_.node_of(other.pages_[static_cast<size_t>(whole) - 1]);
  return other;
}

// Copies into the lease's pages that were not carried out. Their sources hang below the lease's shared pages: held on
// their own they would keep those from being evicted, which available() counts on. What such a copy would bring is in
// the tree already.
void PageCache::drop_copies(const Lease& lease) {
  const auto own = std::span(lease.pages_).subspan(static_cast<size_t>(lease.published_));
  std::erase_if(copies_, [&](const PageCopy& copy) {
    if (std::ranges::find(own, copy.to) == own.end()) return false;
    release_page(copy.from);
    return true;
  });
}

void PageCache::release(Lease& lease, std::span<const CacheKey> keys) {
  drop_copies(lease);
  if (!keys.empty()) {
    publish(lease, keys);
    const auto rest = keys.subspan(static_cast<size_t>(lease.published_) * static_cast<size_t>(page_tokens_));
    PrefixTree::Node& parent = lease.tail_ != nullptr ? *lease.tail_ : *tree_.root();
    // A tail that another node already contains would only take room.
    if (!rest.empty() && tree_.closest_child(parent, rest).common_keys < static_cast<int64_t>(rest.size())) {
      const int32_t page = lease.pages_[static_cast<size_t>(lease.published_)];
      if (pool_.references(page) == 1) tree_.add_child(parent, rest, page);
    }
  }
  for (size_t i = lease.pages_.size(); i > 0; --i) {
    const int32_t page = lease.pages_[i - 1];
    if (auto* node = tree_.node_of(page)) tree_.touch(*node);  // leaves first: they are evicted first
    release_page(page);
  }
  lease = Lease();
}

void PageCache::drop_cached() {
  while (tree_.evict_oldest()) {
  }
}

void PageCache::check() const {
  pool_.check();
  tree_.check();
}

}  // namespace sirocco
