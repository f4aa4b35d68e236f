// SPDX-License-Identifier: Apache-2.0
// Lines that a kernel brings into the second cache while it computes, a few at a time: what is asked for at once is
// lost. Internal linkage: ISA files compile their own copy (ARCHITECTURE.md, "ISA files").
#pragma once

#include <cstdint>

namespace sirocco {
namespace {

class LinesAhead {
 public:
  LinesAhead() = default;
  LinesAhead(const void* data, int64_t lines) : next_(static_cast<const uint8_t*>(data)), left_(lines) {}
  void ask(int64_t lines) {
    for (int64_t i = 0; i < lines && left_ > 0; ++i, --left_, next_ += 64) __builtin_prefetch(next_, 0, 2);
  }

 private:
  const uint8_t* next_ = nullptr;
  int64_t left_ = 0;
};

}  // namespace
}  // namespace sirocco
