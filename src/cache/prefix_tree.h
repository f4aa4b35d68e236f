// SPDX-License-Identifier: Apache-2.0
// PrefixTree: which page holds which run of keys after which other pages. A node is one page: a full one may
// have children, a partial one (the tail of a finished sequence) is a leaf. A key stands for one position's
// content: the token id, or a hash of the picture patch that replaces it.
//
//   root ── [k0 … k63] ── [k64 … k127] ── [k128 … k140]       pages 7, 3, 9; the last is partial
//                     └── [k64' … k127']                      page 4
//
// Invariant: a node whose page no sequence holds has no descendant that is held, so that every cached page
// can be evicted, leaves first, the least recently used first.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "cache/page_pool.h"

namespace sirocco {

using CacheKey = uint64_t;

class PrefixTree {
 public:
  struct Node {
    Node* parent = nullptr;
    std::vector<CacheKey> keys;
    int32_t page = -1;
    uint64_t last_used = 0;
    std::unordered_multimap<uint64_t, std::unique_ptr<Node>> children;  // by hash of keys
  };
  struct Partial {
    Node* node = nullptr;
    int64_t common_keys = 0;
  };

  PrefixTree(PagePool& pool, int32_t page_tokens);

  Node* root() { return &root_; }
  Node* find_child(Node& node, std::span<const CacheKey> keys);       // exactly these keys; null when absent
  Partial closest_child(Node& node, std::span<const CacheKey> keys);  // shares the most leading keys
  // Puts the held page `page` under `parent`. REQUIRES: no child with these keys. A partial sibling that the
  // new node contains is dropped if nobody holds it.
  Node* add_child(Node& parent, std::span<const CacheKey> keys, int32_t page);

  void touch(Node& node);    // now the most recently used
  void refresh(Node& node);  // after its page's references moved from or to 0
  Node* node_of(int32_t page) { return node_of_page_[static_cast<size_t>(page)]; }

  bool evict_oldest();  // frees one cached page; false when there is none
  void check() const;

 private:
  bool evictable(const Node& node) const;
  void remove(Node& node);
  void check_subtree(const Node& node, bool parent_held, int64_t& seen) const;

  PagePool& pool_;
  const int32_t page_tokens_;
  Node root_;
  std::vector<Node*> node_of_page_;
  std::set<std::pair<uint64_t, Node*>> evictable_;  // leaves that nobody holds, oldest first
  uint64_t clock_ = 0;
  int64_t nodes_ = 0;
};

}  // namespace sirocco
