// SPDX-License-Identifier: Apache-2.0
// NameList: names in the order in which they came, each once and no more than a hundred. For what a request brings and
// is passed over: clients choose the names, and may choose very many.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace sirocco::api {

class NameList {
 public:
  void add(std::string name) {
    constexpr size_t kMost = 100;
    if (names_.size() < kMost && known_.insert(name).second) names_.push_back(std::move(name));
  }
  bool empty() const { return names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::set<std::string> known_;
};

}  // namespace sirocco::api
