// SPDX-License-Identifier: Apache-2.0
#include "cache/page_pool.h"

#include "base/check.h"

namespace sirocco {

PagePool::PagePool(int64_t pages) : pages_(static_cast<size_t>(pages)) {
  CHECK(pages >= 0 && pages <= INT32_MAX);
  free_.reserve(pages_.size());
  for (int64_t page = pages - 1; page >= 0; --page) free_.push_back(static_cast<int32_t>(page));
  counts_.free = pages;
}

PagePool::State PagePool::state(const Page& page) {
  if (page.references > 0) return State::held;
  return page.in_tree ? State::cached : State::free;
}

PagePool::Page& PagePool::at(int32_t page) {
  CHECK(page >= 0 && page < size());
  return pages_[static_cast<size_t>(page)];
}

const PagePool::Page& PagePool::at(int32_t page) const {
  CHECK(page >= 0 && page < size());
  return pages_[static_cast<size_t>(page)];
}

int64_t& PagePool::count(State state) {
  if (state == State::free) return counts_.free;
  return state == State::held ? counts_.held : counts_.cached;
}

void PagePool::moved(int32_t page, State from) {
  const State to = state(at(page));
  if (from == to) return;
  --count(from);
  ++count(to);
  if (to != State::free) return;
  free_.push_back(page);
  if (freed_) freed_(page);
}

std::optional<int32_t> PagePool::take() {
  if (free_.empty()) return std::nullopt;
  const int32_t page = free_.back();
  free_.pop_back();
  CHECK(state(at(page)) == State::free);
  at(page).references = 1;
  moved(page, State::free);
  return page;
}

void PagePool::hold(int32_t page) {
  const State before = state(at(page));
  CHECK(before != State::free);
  ++at(page).references;
  moved(page, before);
}

void PagePool::release(int32_t page) {
  const State before = state(at(page));
  CHECK(before == State::held);
  --at(page).references;
  moved(page, before);
}

void PagePool::set_in_tree(int32_t page, bool in_tree) {
  const State before = state(at(page));
  CHECK(before != State::free);
  CHECK(at(page).in_tree != in_tree);
  at(page).in_tree = in_tree;
  moved(page, before);
}

void PagePool::check() const {
  PageCounts recount;
  for (const Page& page : pages_) {
    CHECK(page.references >= 0);
    const State now = state(page);
    ++(now == State::free ? recount.free : now == State::held ? recount.held : recount.cached);
  }
  CHECK(recount == counts_);
  CHECK(counts_.free + counts_.held + counts_.cached == size());
  CHECK(counts_.free == static_cast<int64_t>(free_.size()));
  for (const int32_t page : free_) CHECK(state(at(page)) == State::free);
}

}  // namespace sirocco
