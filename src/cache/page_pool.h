// SPDX-License-Identifier: Apache-2.0
// PagePool: the books of a fixed number of cache pages, as integers; the bytes belong to the model. A page is
//   free    nobody refers to it,
//   held    at least one sequence refers to it,
//   cached  no sequence does, but the prefix tree keeps it for later.
// Conservation law: free + held + cached = all. check() proves it; the engine calls it whenever it is idle.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sirocco {

struct PageCounts {
  int64_t free = 0, held = 0, cached = 0;
  bool operator==(const PageCounts&) const = default;
};

class PagePool {
 public:
  explicit PagePool(int64_t pages);

  int64_t size() const { return static_cast<int64_t>(pages_.size()); }
  const PageCounts& counts() const { return counts_; }
  int32_t references(int32_t page) const { return at(page).references; }

  std::optional<int32_t> take();                 // a free page, now held once; nothing when none is free
  void hold(int32_t page);                       // one more reference; REQUIRES: held or cached
  void release(int32_t page);                    // one less; REQUIRES: held
  void set_in_tree(int32_t page, bool in_tree);  // REQUIRES: the page is not free

  // Told about every page that becomes free (debug builds poison its bytes).
  void on_free(std::function<void(int32_t)> hook) { freed_ = std::move(hook); }

  void check() const;  // CHECKs the law against a recount

 private:
  struct Page {
    int32_t references = 0;
    bool in_tree = false;
  };
  enum class State { free, held, cached };
  static State state(const Page& page);
  Page& at(int32_t page);
  const Page& at(int32_t page) const;
  int64_t& count(State state);
  void moved(int32_t page, State from);

  std::vector<Page> pages_;
  std::vector<int32_t> free_;
  PageCounts counts_;
  std::function<void(int32_t)> freed_;
};

}  // namespace sirocco
