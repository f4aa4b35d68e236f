// SPDX-License-Identifier: Apache-2.0
// PageCache: the pages of every sequence and of the shared prefixes, as integers. A sequence has a Lease: its
// page table and how much of it the prefix tree knows. Pages in the tree are never written again; whoever
// would write into one gets a copy (PageCopy), which the engine carries out before the next step.
//
//   keys   0 ………………………… published · 64 ………… tokens ……… pages.size() · 64
//          in the tree, shared, read only │ own pages, written │ reserved
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cache/page_pool.h"
#include "cache/prefix_tree.h"

namespace sirocco {

struct PageCopy {
  int32_t from = 0;
  int32_t to = 0;
  int32_t tokens = 0;  // leading rows that count
};

// What one sequence holds. Moved, never copied: every page in it is one reference.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&&) = default;
  Lease& operator=(Lease&&) = default;

  std::span<const int32_t> pages() const { return pages_; }

 private:
  friend class PageCache;
  std::vector<int32_t> pages_;
  int64_t published_ = 0;             // leading pages that are nodes of the tree
  PrefixTree::Node* tail_ = nullptr;  // node of the last published page; null: the root
};

class PageCache {
 public:
  PageCache(int64_t pages, int32_t page_tokens);

  int32_t page_tokens() const { return page_tokens_; }
  int64_t pages() const { return pool_.size(); }
  const PageCounts& counts() const { return pool_.counts(); }
  int64_t available() const { return counts().free + counts().cached; }  // that grow() could hand out
  int64_t pages_for(int64_t tokens) const { return (tokens + page_tokens_ - 1) / page_tokens_; }

  // How many leading keys the tree knows, without taking them (whole pages only).
  int64_t known_prefix(std::span<const CacheKey> keys);
  // Fills the empty lease with the longest known prefix of `keys`; returns its length in tokens. A known part
  // of a page is used through a copy, if a page for it is at hand.
  int64_t match(Lease& lease, std::span<const CacheKey> keys);
  // Reserves pages for `tokens` tokens in all, evicting cached ones. All or nothing.
  bool grow(Lease& lease, int64_t tokens);
  // Gives the tree every full page below keys.size(). `keys` are those of the computed tokens. Where the tree
  // has the same page already, the lease takes that one and drops its own.
  void publish(Lease& lease, std::span<const CacheKey> keys);
  // Takes back all tokens from `tokens` on. False when a page would need a copy and none is free.
  bool rollback(Lease& lease, int64_t tokens);
  // Another sequence that continues after the first `tokens` tokens; shares whole pages, copies the rest.
  // REQUIRES: the whole pages are published.
  std::optional<Lease> fork(Lease& lease, int64_t tokens);
  // Ends the lease. What was computed (`keys`) stays cached, the partial last page included; pass no keys to
  // forget it.
  void release(Lease& lease, std::span<const CacheKey> keys);

  // Copies to carry out, in order; their sources are held until copies_done().
  std::span<const PageCopy> copies() const { return copies_; }
  void copies_done();

  void drop_cached();  // empties the tree of what nobody holds
  void on_free(std::function<void(int32_t)> hook) { pool_.on_free(std::move(hook)); }
  void check() const;  // the conservation law and the tree's invariants

 private:
  std::optional<int32_t> take();
  void hold(int32_t page);
  void release_page(int32_t page);
  void drop_copies(const Lease& lease);
  void add_copy(int32_t from, int32_t to, int64_t tokens);

  const int32_t page_tokens_;
  PagePool pool_;
  PrefixTree tree_;
  std::vector<PageCopy> copies_;
};

}  // namespace sirocco
