// SPDX-License-Identifier: Apache-2.0
// AlignedBuffer<T>: zeroed, 64-byte aligned memory of fixed size, released on destruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/view.h"

namespace sirocco {

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::align_val_t kAlignment{64};

  AlignedBuffer() = default;
  explicit AlignedBuffer(int64_t size)
      : size_(size),
        data_(static_cast<T*>(::operator new[](static_cast<size_t>(size) * sizeof(T), kAlignment))) {
    for (int64_t i = 0; i < size; ++i) data_.get()[i] = T{};
  }

  T* data() const { return data_.get(); }
  int64_t size() const { return size_; }
  T& operator[](int64_t i) const { return data_.get()[i]; }
  View<T> view(int64_t rows, int64_t cols) const { return make_view(data_.get(), rows, cols); }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, kAlignment); }
  };
  int64_t size_ = 0;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace sirocco
