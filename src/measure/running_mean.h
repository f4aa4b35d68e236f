// SPDX-License-Identifier: Apache-2.0
// RunningMean: mean and standard error of numbers that come one by one (Welford, Technometrics 4, 1962).
#pragma once

#include <cmath>
#include <cstdint>

namespace sirocco {

class RunningMean {
 public:
  void add(double x) {
    ++count_;
    const double before = x - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (x - mean_);
  }
  int64_t count() const { return count_; }
  double mean() const { return mean_; }
  // Of the mean, with the numbers taken for independent; 0 for fewer than two.
  double standard_error() const {
    if (count_ < 2) return 0.0;
    const auto n = static_cast<double>(count_);
    return std::sqrt(squares_ / (n - 1.0) / n);
  }

 private:
  int64_t count_ = 0;
  double mean_ = 0.0, squares_ = 0.0;
};

}  // namespace sirocco
