// SPDX-License-Identifier: Apache-2.0
// Profile: where the time of forward passes goes, by operator. Off by default; then it costs a branch.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sirocco {

struct OperatorCost {
  std::string_view name;
  double seconds = 0.0;
  uint64_t weight_bytes = 0;  // read, as the operator declares it
  uint64_t calls = 0;
};

class Profile {
 public:
  // Times from construction to destruction.
  class Scope {
   public:
    Scope(Profile* profile, std::string_view name, uint64_t weight_bytes = 0)
        : profile_(profile), name_(name), weight_bytes_(weight_bytes) {
      if (profile_ != nullptr) begin_ = Clock::now();
    }
    ~Scope() {
      if (profile_ != nullptr) profile_->add(name_, Clock::now() - begin_, weight_bytes_);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Profile* profile_;
    std::string_view name_;
    uint64_t weight_bytes_;
    std::chrono::steady_clock::time_point begin_;
  };

  const std::vector<OperatorCost>& operators() const { return operators_; }
  void clear() { operators_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;
  void add(std::string_view name, Clock::duration time, uint64_t weight_bytes) {
    OperatorCost* found = nullptr;
    for (OperatorCost& cost : operators_)
      if (cost.name == name) found = &cost;
    if (found == nullptr) found = &operators_.emplace_back(OperatorCost{.name = name});
    found->seconds += std::chrono::duration<double>(time).count();
    found->weight_bytes += weight_bytes;
    ++found->calls;
  }

  std::vector<OperatorCost> operators_;  // in the order of their first call
};

}  // namespace sirocco
