// SPDX-License-Identifier: Apache-2.0
#include "cache/prefix_tree.h"

#include <algorithm>

#include "base/check.h"

namespace sirocco {
namespace {

uint64_t hash_keys(std::span<const CacheKey> keys) {
  uint64_t hash = 0x9E3779B97F4A7C15ULL + keys.size();
  for (const CacheKey key : keys) {
    hash = (hash ^ key) * 0xBF58476D1CE4E5B9ULL;
    hash ^= hash >> 29;
  }
  return hash;
}

int64_t common_prefix(std::span<const CacheKey> a, std::span<const CacheKey> b) {
  const auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return end - a.begin();
}

}  // namespace

PrefixTree::PrefixTree(PagePool& pool, int32_t page_tokens)
    : pool_(pool), page_tokens_(page_tokens), node_of_page_(static_cast<size_t>(pool.size()), nullptr) {}

PrefixTree::Node* PrefixTree::find_child(Node& node, std::span<const CacheKey> keys) {
  const auto [begin, end] = node.children.equal_range(hash_keys(keys));
  for (auto it = begin; it != end; ++it)
    if (std::ranges::equal(it->second->keys, keys)) return it->second.get();
  return nullptr;
}

PrefixTree::Partial PrefixTree::closest_child(Node& node, std::span<const CacheKey> keys) {
  Partial best;
  for (const auto& [hash, child] : node.children) {
    const int64_t common = common_prefix(child->keys, keys);
    if (common > best.common_keys) best = {child.get(), common};
  }
  return best;
}

PrefixTree::Node* PrefixTree::add_child(Node& parent, std::span<const CacheKey> keys, int32_t page) {
  CHECK(!keys.empty() && static_cast<int64_t>(keys.size()) <= page_tokens_);
  CHECK(&parent == &root_ || static_cast<int64_t>(parent.keys.size()) == page_tokens_);
  CHECK(find_child(parent, keys) == nullptr);
  std::vector<Node*> contained;
  for (const auto& [hash, child] : parent.children) {
    const bool partial = child->keys.size() < keys.size();
    if (partial && common_prefix(child->keys, keys) == static_cast<int64_t>(child->keys.size()) &&
        pool_.references(child->page) == 0)
      contained.push_back(child.get());
  }
  for (Node* node : contained) remove(*node);

  auto node = std::make_unique<Node>();
  node->parent = &parent;
  node->keys.assign(keys.begin(), keys.end());
  node->page = page;
  node->last_used = ++clock_;
  Node* added = node.get();
  pool_.set_in_tree(page, true);
  node_of_page_[static_cast<size_t>(page)] = added;
  parent.children.emplace(hash_keys(keys), std::move(node));
  ++nodes_;
  if (&parent != &root_) evictable_.erase({parent.last_used, &parent});  // no longer a leaf
  refresh(*added);
  return added;
}

bool PrefixTree::evictable(const Node& node) const {
  return node.children.empty() && pool_.references(node.page) == 0;
}

void PrefixTree::touch(Node& node) {
  evictable_.erase({node.last_used, &node});
  node.last_used = ++clock_;
  refresh(node);
}

void PrefixTree::refresh(Node& node) {
  if (evictable(node))
    evictable_.insert({node.last_used, &node});
  else
    evictable_.erase({node.last_used, &node});
}

void PrefixTree::remove(Node& node) {
  CHECK(evictable(node));
  Node* parent = node.parent;
  evictable_.erase({node.last_used, &node});
  node_of_page_[static_cast<size_t>(node.page)] = nullptr;
  pool_.set_in_tree(node.page, false);
  --nodes_;
  const auto [begin, end] = parent->children.equal_range(hash_keys(node.keys));
  for (auto it = begin; it != end; ++it) {
    if (it->second.get() != &node) continue;
    parent->children.erase(it);
    break;
  }
  if (parent != &root_) refresh(*parent);
}

bool PrefixTree::evict_oldest() {
  if (evictable_.empty()) return false;
  remove(*evictable_.begin()->second);
  return true;
}

void PrefixTree::check_subtree(const Node& node, bool parent_held, int64_t& seen) const {
  for (const auto& [hash, child] : node.children) {
    ++seen;
    CHECK(child->parent == &node);
    CHECK(hash == hash_keys(child->keys));
    CHECK(node_of_page_[static_cast<size_t>(child->page)] == child.get());
    const bool held = pool_.references(child->page) > 0;
    CHECK(parent_held || !held);
    CHECK(evictable_.contains({child->last_used, child.get()}) == evictable(*child));
    check_subtree(*child, held, seen);
  }
}

void PrefixTree::check() const {
  int64_t seen = 0;
  check_subtree(root_, true, seen);
  CHECK(seen == nodes_);
}

}  // namespace sirocco
